package image

import (
	"regexp"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/distribution/reference"
)

// pinDomain is a registry that cannot be: .invalid never resolves.
const pinDomain = "bayplan.invalid"

// filesSuffix ends the tag of the record image beside a built image's pin.
const filesSuffix = ".files"

// short12 is how a hash, digest or ID names an image in its pin.
func short12(ident string) string {
	_, hex, ok := strings.Cut(ident, ":")
	if !ok {
		hex = ident
	}
	return hex[:min(12, len(hex))]
}

// platformSuffix ends the pin of what is pulled for a platform: a digest can
// stand for an image of each.
func platformSuffix(platform string) string {
	if platform == "" {
		return ""
	}
	return "-" + strings.ReplaceAll(platform, "/", "-")
}

// platformOf returns the platform that a pin, or a tag beside it, names, or "".
func platformOf(pin string) string {
	pin, _, _ = strings.Cut(pin, broughtSuffix)
	_, platform, _ := strings.Cut(pin[strings.LastIndex(pin, ":")+1:], "-")
	return strings.ReplaceAll(platform, "-", "/")
}

var plainName = regexp.MustCompile(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$`)

// pinRepo returns the repository of a resource's pins. Repositories are lower
// case and an address need not be: where its label alone does not tell it, a
// piece of its hash keeps the repository its own.
func pinRepo(stack string, a ir.Addr) string {
	repo := pinDomain + "/" + stack + "/"
	if a.Module == "" && !a.Keyed && plainName.MatchString(a.Label) {
		return repo + a.Label
	}
	name := a.Alias()
	ref, _, _ := strings.Cut(a.Key, " ") // then may come a platform
	if named, err := reference.ParseNormalizedNamed(ref); a.Label == "" && err == nil {
		name = reference.Path(named)[strings.LastIndex(reference.Path(named), "/")+1:] // of an implicit image: what it is called
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	name = strings.Join(words, "-")
	return repo + strings.TrimPrefix(name+engine.PinEnd(a), "-")
}
