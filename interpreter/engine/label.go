package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"bayplan/lang/ir"
)

// Labels on objects that are ours. They say what was true when the object was
// made and cannot change while it lives.
const (
	LabelStack    = "bayplan.stack"    // the stack's name
	LabelAddr     = "bayplan.addr"     // the resource's address
	LabelName     = "bayplan.name"     // the engine's name that it was made to have
	LabelUID      = "bayplan.uid"      // random; two objects with one are a copy and its original
	LabelRun      = "bayplan.run"      // the apply and step that made it
	LabelReplaces = "bayplan.replaces" // full ID of the container that this one replaces
	LabelDeps     = "bayplan.deps"     // JSON list of addresses, for removal without the program
	LabelVersion  = "bayplan.v"        // version of this scheme
	LabelKeep     = "bayplan.keep"     // "true": never removed; absent on others
	LabelSpec     = "bayplan.spec"     // what the program set, see schema.Record

	LabelGuests = "bayplan.guests" // on a network that only remembers who was on another: what that was, and how

	LabelLock   = "bayplan.lock"        // on the container that is the lock of a stack, and is none of its objects: the stack's name
	LabelHolder = "bayplan.lock.holder" // who holds it, see Holder

	LabelOneOff       = "bayplan.oneoff"        // on a container that runs once and is none of the stack's objects: the stack's name
	LabelOneOffAddr   = "bayplan.oneoff.addr"   // the address of the resource that it is made after
	LabelOneOffHolder = "bayplan.oneoff.holder" // who waits for it, see Holder; absent where nobody does

	LabelImageStack = "bayplan.image.stack" // on built images; containers inherit image labels, so these are other keys
	LabelImageAddr  = "bayplan.image.addr"
	LabelImageHash  = "bayplan.image.hash"  // hash of what the builder saw
	LabelImageFiles = "bayplan.image.files" // on record images: hashes of the context's files
)

// labelVersion is the scheme of today.
const labelVersion = "1"

// MaxSpec is the longest record that a label holds, in bytes.
const MaxSpec = 16 << 10

// Identity is what the labels of an object of ours say.
type Identity struct {
	Stack    string
	Addr     ir.Addr
	Name     string // at creation
	UID      string
	Run      string
	Replaces string    // "" if it replaced nothing
	Deps     []ir.Addr // in order
	Keep     bool      // never removed, only released
	Spec     string
	Made     []ir.Addr // whose IDs stand in Spec where it says Awaited
}

// Awaited is the text that stands in a record for the ID of the nth of
// Identity.Made until the call is sent.
func Awaited(n int) string { return fmt.Sprintf("\x01%d\x01", n) }

// spec returns the record with blanks for the IDs that it awaits.
func (i Identity) spec(b *Blanks) string {
	text := i.Spec
	for n, a := range i.Made {
		quoted, err := json.Marshal(Awaited(n))
		if err != nil {
			panic(err) // a string always marshals
		}
		text = strings.Replace(text, string(quoted), `"`+b.MadeID(a.String())+`"`, 1)
	}
	return text
}

// Labels returns the labels of an object about to be made. UID and Run are
// filled in by apply.
func (i Identity) Labels(b *Blanks) map[string]string {
	deps := make([]string, len(i.Deps))
	for n, a := range i.Deps {
		deps[n] = a.String()
	}
	depsJSON, err := json.Marshal(deps)
	if err != nil {
		panic(err) // strings always marshal
	}
	labels := map[string]string{
		LabelStack: i.Stack, LabelAddr: i.Addr.String(), LabelName: i.Name, LabelVersion: labelVersion,
		LabelUID: b.Fresh("uid"), LabelRun: b.Fresh("run"), LabelDeps: string(depsJSON), LabelSpec: i.spec(b),
	}
	if i.Replaces != "" {
		labels[LabelReplaces] = i.Replaces
	}
	if i.Keep {
		labels[LabelKeep] = "true"
	}
	return labels
}

// ErrNewer is the error of labels that only a newer bay can read.
var ErrNewer = errors.New("a newer bay made the object")

// IdentityOf reads labels. It returns false where they name no stack, and an
// error where they do but make no sense: forged, or of a newer bay.
func IdentityOf(labels map[string]string) (Identity, bool, error) {
	stack, ok := labels[LabelStack]
	if !ok {
		return Identity{}, false, nil
	}
	if v := labels[LabelVersion]; v != labelVersion {
		return Identity{Stack: stack}, true, fmt.Errorf("label %s is %q, and this bay reads %q: %w", LabelVersion, v, labelVersion, ErrNewer)
	}
	i := Identity{
		Stack: stack, Name: labels[LabelName], UID: labels[LabelUID], Run: labels[LabelRun],
		Replaces: labels[LabelReplaces], Spec: labels[LabelSpec], Keep: labels[LabelKeep] == "true",
	}
	var err error
	if i.Addr, err = ir.ParseAddr(labels[LabelAddr]); err != nil {
		return i, true, fmt.Errorf("label %s: %w", LabelAddr, err)
	}
	if text := labels[LabelDeps]; text != "" {
		if err := json.Unmarshal([]byte(text), &i.Deps); err != nil {
			return i, true, fmt.Errorf("label %s: %w", LabelDeps, err)
		}
	}
	return i, true, nil
}

// PinEnd ends the repository in which an image's pins lie, where its label alone
// does not tell its address.
func PinEnd(a ir.Addr) string {
	sum := sha256.Sum256([]byte(a.String()))
	return "-" + hex.EncodeToString(sum[:4])
}

// IsLabel reports whether a label's key is one of ours.
func IsLabel(key string) bool { return strings.HasPrefix(key, "bayplan.") }

// UserLabels returns labels without our own.
func UserLabels(labels map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range labels {
		if !IsLabel(k) {
			out[k] = v
		}
	}
	return out
}
