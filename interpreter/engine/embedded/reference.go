package embedded

import (
	"sync"
	"sync/atomic"

	"github.com/distribution/reference"
)

// references holds what was read of references: reading one takes a large
// regular expression, and a list of images reads all of them.
var references struct {
	sync.Map              // from string to parsed
	count    atomic.Int64 // about
}

// mostReferences bounds what is held.
const mostReferences = 4096

type parsed struct {
	named    reference.Named
	familiar string // as people write it
	err      error
}

// normalized is reference.ParseNormalizedNamed, and how people write it.
func normalized(ref string) (reference.Named, string, error) {
	if got, ok := references.Load(ref); ok {
		p := got.(parsed)
		return p.named, p.familiar, p.err
	}
	var p parsed
	if p.named, p.err = reference.ParseNormalizedNamed(ref); p.err == nil {
		p.familiar = reference.FamiliarString(p.named)
	}
	if references.count.Load() < mostReferences {
		references.count.Add(1)
		references.Store(ref, p)
	}
	return p.named, p.familiar, p.err
}
