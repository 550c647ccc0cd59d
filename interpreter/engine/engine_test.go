package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

func db() ir.Addr { return ir.Addr{Kind: "container", Label: "db"} }

// An op prints what it sends, with blanks as plans show them, and sends what it
// prints, with blanks filled.
func TestOpBlanks(t *testing.T) {
	op := Op{}
	source := func(r ir.Ref) *Source {
		return &Source{Read: Read{Call: "ContainerInspect", Arg: "shop-" + r.Addr.Label}, Path: []string{r.Attr}}
	}
	secret := ir.Concat(ir.StringVal("pg://u:"), ir.StringVal("s3cret").AsSensitive(), ir.StringVal("@"), ir.EngineVal(db(), "ip"))
	op.Call = &ContainerCreate{
		Name: "shop-web",
		Config: &container.Config{
			Env:    []string{"PLAIN=1", "URL=" + op.Blanks.Text(secret, source), "ADDR=" + op.Blanks.Text(ir.EngineVal(db(), "ip"), source)},
			Labels: map[string]string{LabelUID: op.Blanks.Fresh("uid"), "replaces-" + op.Blanks.MadeID("container.db"): "x"},
		},
		HostConfig: &container.HostConfig{NetworkMode: "shop-back", Resources: container.Resources{Memory: 1 << 53}},
	}
	want := map[string]any{
		"Name": "shop-web",
		"Config": map[string]any{
			"Env":    []any{"PLAIN=1", "URL=(sensitive)${container.db.ip}", "ADDR=${container.db.ip}"},
			"Labels": map[string]any{LabelUID: "<fresh uid>", "replaces-<id of container.db>": "x"},
		},
		"HostConfig": map[string]any{"NetworkMode": "shop-back", "Memory": json.Number("9007199254740992")},
	}
	if d := cmp.Diff(want, op.Args()); d != "" {
		t.Errorf("printed (-want +got)\n%s", d)
	}
	filled, err := op.Filled(func(b Blank) (string, error) {
		switch b.Kind {
		case Secret:
			return b.Value, nil
		case EngineValue:
			return b.From.Read.Arg + "/" + b.From.Path[0], nil
		}
		return strings.ToUpper(b.Name), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := filled.(*ContainerCreate)
	if d := cmp.Diff([]string{"PLAIN=1", "URL=pg://u:s3cret@shop-db/ip", "ADDR=shop-db/ip"}, got.Config.Env); d != "" {
		t.Errorf("sent env (-want +got)\n%s", d)
	}
	if d := cmp.Diff(map[string]string{LabelUID: "UID", "replaces-CONTAINER.DB": "x"}, got.Config.Labels); d != "" {
		t.Errorf("sent labels (-want +got)\n%s", d)
	}
	if got.HostConfig.Memory != 1<<53 {
		t.Errorf("a 64-bit size became %d", got.HostConfig.Memory)
	}
	_, err = op.Filled(func(Blank) (string, error) { return "", io.ErrUnexpectedEOF })
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an error while filling is %v", err)
	}
}

// What an object of the engine holds is printed and sent as it is, whatever it
// holds.
func TestForeignNUL(t *testing.T) {
	for _, text := range []string{"a\x00b", "\x00", "\x007\x00", "\x00-1\x00x", "\x00\x00"} {
		if got := (Blanks{}).Printed(text); got != text {
			t.Errorf("%q is printed as %q", text, got)
		}
	}
}

func TestWire(t *testing.T) {
	sha := strings.Repeat("a", 64)
	tests := []struct {
		call Call
		want string
	}{
		{&ContainerCreate{Name: "a", Platform: "linux/arm64"}, "POST /containers/create?name=a&platform=linux/arm64"},
		{&ContainerRemove{Container: "id", RemoveVolumes: true}, "DELETE /containers/id?v=1"},
		{&ContainerRemove{Container: "id"}, "DELETE /containers/id"},
		{&ContainerRename{Container: "id", Name: "b"}, "POST /containers/id/rename?name=b"},
		{&CopyToContainer{Container: "id", Path: "/"}, "PUT /containers/id/archive?path=/"},
		{&NetworkConnect{Network: "n", Container: "c"}, "POST /networks/n/connect"},
		{&VolumeRemove{Volume: "v"}, "DELETE /volumes/v"},
		{&ImagePush{Ref: "127.0.0.1:5000/a/b:1"}, "POST /images/127.0.0.1:5000/a/b/push?tag=1"},
		{&ImagePush{Ref: "me/web"}, "POST /images/docker.io/me/web/push?tag=latest"},
		{&ImagePull{Ref: "docker.io/library/a@sha256:" + sha}, "POST /images/create?fromImage=docker.io/library/a&tag=sha256:" + sha},
		{&ImageTag{Image: "id", Ref: "127.0.0.1:5000/a:1"}, "POST /images/id/tag?repo=127.0.0.1:5000/a&tag=1"},
		{&ImageTag{Image: "id", Ref: "a"}, "POST /images/id/tag?repo=docker.io/library/a&tag=latest"},
		{&ImageBuild{Tags: []string{"a:1", "a:2"}, Args: map[string]string{"K": "v"}, Target: "t"}, `POST /build?buildargs={"K":"v"}&t=a:1&t=a:2&target=t`},
	}
	for _, tt := range tests {
		method, path := Op{Call: tt.call}.Path()
		if got := method + " " + path; got != tt.want {
			t.Errorf("%s: got %s, want %s", Method(tt.call), got, tt.want)
		}
	}
}

func TestIdentity(t *testing.T) {
	want := Identity{
		Stack: "shop", Addr: ir.Addr{Module: `module.db["eu"]`, Kind: "container", Label: "this", Key: `a"b`, Keyed: true},
		Name: "shop-db-eu", UID: "u", Run: "r", Replaces: strings.Repeat("a", 64), Deps: []ir.Addr{db()}, Spec: `{"a":1}`,
	}
	var b Blanks
	labels := want.Labels(&b)
	labels[LabelUID], labels[LabelRun] = "u", "r"
	labels["user"] = "label"
	got, ours, err := IdentityOf(labels)
	if err != nil || !ours {
		t.Fatalf("ours %v, %v", ours, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"user": "label"}, UserLabels(labels)); d != "" {
		t.Errorf("user's labels (-want +got)\n%s", d)
	}
	for _, bad := range []map[string]string{
		{LabelStack: "s", LabelVersion: "2", LabelAddr: "container.a"},
		{LabelStack: "s", LabelVersion: "1", LabelAddr: "container"},
		{LabelStack: "s", LabelVersion: "1", LabelAddr: "container.a", LabelDeps: "["},
	} {
		if _, ours, err := IdentityOf(bad); !ours || err == nil {
			t.Errorf("%v: ours %v, error %v; want true and an error", bad, ours, err)
		}
	}
	if _, ours, err := IdentityOf(map[string]string{"other": "x"}); ours || err != nil {
		t.Errorf("a stranger's labels: ours %v, %v", ours, err)
	}
}

func FuzzIdentity(f *testing.F) {
	f.Add("shop", "container.db", "1", `["network.a"]`)
	f.Add("", `module.x["y`, "", "null")
	f.Fuzz(func(t *testing.T, stack, addr, version, deps string) {
		id, ours, err := IdentityOf(map[string]string{LabelStack: stack, LabelAddr: addr, LabelVersion: version, LabelDeps: deps})
		if !ours || err != nil {
			return
		}
		if back, err := ir.ParseAddr(id.Addr.String()); err != nil || back != id.Addr {
			t.Errorf("address %q reads as %v, which reads as %v, %v", addr, id.Addr, back, err)
		}
	})
}

func TestReadStream(t *testing.T) {
	tests := []struct {
		name, in, id, err string
		notes             []string
	}{
		{name: "a build", in: `{"stream":"Step 1/2 : FROM scratch\n"}` + "\n" + `{"aux":{"ID":"sha256:1"}}` + "\n" + `{"stream":"Successfully built 1\n"}`,
			id: "sha256:1", notes: []string{"Step 1/2 : FROM scratch", "Successfully built 1"}},
		{name: "an error inside of a 200", in: `{"stream":"Step 1/2 : COPY a b\n"}` + "\n" + `{"errorDetail":{"message":"no a"},"error":"no a"}`,
			err: "no a\nStep 1/2 : COPY a b", notes: []string{"Step 1/2 : COPY a b"}},
		{name: "no JSON", in: "<html>502</html>", err: "reading the engine's answer: invalid character '<' looking for beginning of value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var notes []string
			id, err := readStream(strings.NewReader(tt.in), func(p Progress) { notes = append(notes, p.Text) })
			got := ""
			if err != nil {
				got = err.Error()
			}
			if id != tt.id || got != tt.err {
				t.Errorf("got %q, %q; want %q, %q", id, got, tt.id, tt.err)
			}
			if d := cmp.Diff(tt.notes, notes); d != "" {
				t.Errorf("notes (-want +got)\n%s", d)
			}
		})
	}
}

func TestDig(t *testing.T) {
	doc := map[string]any{"a": []any{map[string]any{"b": 1 << 53}}, "s": "x", "m": map[string]any{"k": true}, "n": nil}
	tests := []struct {
		path []string
		want string
	}{
		{[]string{"a", "0", "b"}, "9007199254740992"}, {[]string{"a", "7"}, ""}, {[]string{"a", "x"}, ""},
		{[]string{"s"}, "x"}, {[]string{"s", "deeper"}, ""}, {[]string{"m"}, `{"k":true}`}, {[]string{"n"}, ""}, {[]string{"no"}, ""},
	}
	for _, tt := range tests {
		got, err := dig(doc, tt.path)
		if err != nil || got != tt.want {
			t.Errorf("%v: got %q, %v; want %q", tt.path, got, err, tt.want)
		}
	}
}

func TestUnknown(t *testing.T) {
	for err, want := range map[error]bool{
		nil: false,
		errors.New("error during connect: Post http: EOF"):      true,
		errors.New("unexpected EOF"):                            true,
		errors.New("Conflict. The container name is in use"):    false,
		errors.New("read unix: connection reset by peer"):       true,
		errors.New("Error response from daemon: no such image"): false,
	} {
		if got := Unknown(err); got != want {
			t.Errorf("%v: outcome unknown %v, want %v", err, got, want)
		}
	}
}

func TestAuths(t *testing.T) {
	encoded, err := registry.EncodeAuthConfig(registry.AuthConfig{Username: "me"})
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{limits: Limits{}.filled(), auth: func(ref string) (Account, error) {
		if strings.HasPrefix(ref, "open.example/") {
			return Account{}, nil
		}
		return Account{Username: "me", encoded: encoded}, nil
	}}
	got, err := e.auths([]string{"docker.io/library/a:1", "reg.example/b", "open.example/c"})
	want := map[string]registry.AuthConfig{hubKey: {Username: "me"}, "reg.example": {Username: "me"}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("(-want +got)\n%s %v", d, err)
	}
}

func TestBuildTries(t *testing.T) {
	const gone = `{"error":"unable to find image \"sha256:ab\""}`
	tests := []struct {
		name    string
		answers []string
		sent    int
		want    string // error
	}{
		{"at once", []string{`{"aux":{"ID":"sha256:x"}}`}, 1, ""},
		{"another image went away", []string{gone, gone, `{"aux":{"ID":"sha256:x"}}`}, 3, ""},
		{"another image went away, said otherwise", []string{`{"error":"failed to get digest sha256:ab: open /x: no such file or directory"}`, `{"aux":{"ID":"sha256:x"}}`}, 2, ""},
		{"for ever", []string{gone, gone, gone, gone, gone, gone}, buildTries, "unable to find image"},
		{"its own fault", []string{`{"error":"COPY failed"}`}, 1, "COPY failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) != "context" {
					t.Errorf("sent %q", body)
				}
				fmt.Fprintln(w, tt.answers[sent])
				sent++
			}))
			defer server.Close()
			c, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
			if err != nil {
				t.Fatal(err)
			}
			stream := &Stream{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("context")), nil }}
			id, err := (&Engine{client: c, timeout: context.WithTimeout, limits: Limits{}.filled()}).Do(t.Context(), &ImageBuild{}, stream, nil)
			if sent != tt.sent || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) || err == nil && id != "sha256:x" {
				t.Errorf("sent %d times: %q, %v", sent, id, err)
			}
		})
	}
}

// What of disks the kernel does not have, engines tell in warnings: by other words
// for each sort of control groups.
func TestDisks(t *testing.T) {
	all := NoDevice{true, true, true, true, true}
	for _, c := range []struct {
		name     string
		warnings []string
		weight   bool
		device   NoDevice
	}{
		{"nothing is lacking", []string{"WARNING: No swap limit support"}, false, NoDevice{}},
		{"v1", []string{
			"WARNING: No blkio weight support", "WARNING: No blkio weight_device support", "WARNING: No blkio throttle.read_bps_device support",
			"WARNING: No blkio throttle.write_bps_device support", "WARNING: No blkio throttle.read_iops_device support", "WARNING: No blkio throttle.write_iops_device support",
		}, true, all},
		{"v2", []string{
			"WARNING: No io.weight support", "WARNING: No io.weight (per device) support", "WARNING: No io.max (rbps) support",
			"WARNING: No io.max (wbps) support", "WARNING: No io.max (riops) support", "WARNING: No io.max (wiops) support",
		}, true, all},
		{"single ones", []string{"WARNING: No blkio weight_device support", "WARNING: No io.max (wiops) support"}, false, NoDevice{Weight: true, WriteIOps: true}},
	} {
		got := infoOf(system.Info{Warnings: c.warnings}, "1.41", true)
		if got.NoWeight != c.weight || got.NoDevice != c.device {
			t.Errorf("%s: no weight %v, of single ones %+v", c.name, got.NoWeight, got.NoDevice)
		}
	}
}
