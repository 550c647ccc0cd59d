package starfile

import (
	"testing"

	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/google/go-cmp/cmp"
)

// box is a kind of which there is not much to say.
type box struct{ name string }

func (b *box) Bind(f *schema.Set) { f.Name(&b.name, schema.Replace, "Name.") }

func TestRead(t *testing.T) {
	u := &schema.Universe{Kinds: []*schema.Kind{{Name: "box", New: func() schema.Binder { return new(box) }}}}
	b := schema.NewBuilder(u, "/stack", "")
	src := "stack(name = \"shop\")\nfor i in range(2):\n    box(\"web\", key = str(i))\n"
	Read(b, schema.Body{Dir: "/stack", Files: []schema.File{{Name: "main.bay.star", Path: "/stack/main.bay.star", Src: []byte(src)}}}, new(value.Inputs), nil)
	var got []string
	for _, r := range b.Finish().Resources {
		got = append(got, r.Pos.String()+" "+r.Name)
	}
	if err := b.Diags.Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"main.bay.star:3:5 shop-web-0", "main.bay.star:3:5 shop-web-1"}, got); diff != "" {
		t.Error(diff)
	}
}
