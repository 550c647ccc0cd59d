package evaluate

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/lang/load"
	"bayplan/lang/schema"
)

const maxGiven = 64 << 20 // bytes of all files

// desk answers a child. It trusts it in nothing: only what the program may see
// is given.
type desk struct {
	o     load.Options
	base  string // the directory of the program, absolute
	roots []root
	given map[string][]byte // contents by their sums
	bytes int               // of them

	inputs []string // of the environment, that were given
}

type root struct {
	fs.FS
	dir   string // absolute
	close func() error
}

var errOutside = errors.New("it is outside of the stack's directory")

func newDesk(o load.Options) (*desk, error) {
	dir := o.Path
	if (load.Machine{}).IsFile(dir) {
		dir = filepath.Dir(dir)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the directory: %w", err)
	}
	return &desk{o: o, base: abs, given: map[string][]byte{}}, nil
}

func (d *desk) close() {
	for _, r := range d.roots {
		_ = r.close() // nothing was written
	}
	d.roots = nil
}

// answer answers one question.
func (d *desk) answer(a *ask) *reply {
	r, err := d.look(a)
	if err != nil {
		return &reply{Err: onTheWay(err)}
	}
	return r
}

func (d *desk) look(a *ask) (*reply, error) {
	switch a.What {
	case askIsFile:
		return &reply{Yes: a.Name == d.o.Path && load.Machine{}.IsFile(a.Name)}, nil
	case askRoot:
		return d.open(a.Name)
	case askVarFile:
		return d.varFile(a.Name)
	case askLook:
		if !d.mayLook(a.Name) {
			return nil, errOutside
		}
		i, err := os.Stat(a.Name)
		if err != nil {
			return nil, err
		}
		return &reply{Info: infoOf(i)}, nil
	case askFile:
		if !d.mayRead(a.Name) {
			return nil, errOutside
		}
		data, err := schema.Host{}.ReadFile(a.Name)
		return &reply{Data: data}, err
	case askCanRead:
		return &reply{Yes: schema.Host{}.Readable(a.Name)}, nil
	case askWithin:
		return &reply{Yes: d.mayLook(a.Name) && d.mayLook(a.Second) && schema.Host{}.Within(a.Name, a.Second)}, nil
	case askInput:
		return d.input(a.Name), nil
	}
	if a.Root < 0 || a.Root >= len(d.roots) {
		return nil, errors.New("there is no such directory")
	}
	files := d.roots[a.Root].FS
	switch a.What {
	case askStat:
		i, err := fs.Stat(files, a.Name)
		if err != nil {
			return nil, err
		}
		return &reply{Info: infoOf(i)}, nil
	case askDir:
		return list(files, a.Name)
	case askRead:
		return d.read(files, a.Name)
	case askSame:
		one, err1 := fs.Stat(files, a.Name)
		two, err2 := fs.Stat(files, a.Second)
		return &reply{Yes: err1 == nil && err2 == nil && os.SameFile(one, two)}, nil
	}
	return nil, errGarbage
}

// open opens the directory of the program, or one above it that is not all there is.
func (d *desk) open(dir string) (*reply, error) {
	if !filepath.IsAbs(dir) || !schema.Below(dir, d.base) || dir != d.base && load.WholeDisk(dir) {
		return nil, errOutside
	}
	files, closes, err := load.Machine{}.Root(dir)
	if err != nil {
		return nil, err
	}
	d.roots = append(d.roots, root{files, dir, closes})
	return &reply{Root: len(d.roots) - 1}, nil
}

// mayLook reports whether a path, as it is written, lies in a directory that is
// open.
func (d *desk) mayLook(path string) bool {
	return slices.ContainsFunc(d.roots, func(r root) bool { return schema.Below(r.dir, path) })
}

// mayRead reports whether what a path really is does, too.
func (d *desk) mayRead(path string) bool {
	return slices.ContainsFunc(d.roots, func(r root) bool { return schema.Below(r.dir, path) && schema.Host{}.Within(r.dir, path) })
}

// read gives a regular file, and one byte more than may be read of one that is
// too large.
func (d *desk) read(files fs.FS, name string) (*reply, error) {
	i, err := fs.Stat(files, name)
	switch {
	case err != nil:
		return nil, err
	case !i.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, load.MaxFile+1))
	if err != nil {
		return nil, err
	}
	sum := sumOf(data)
	if d.given[sum] == nil {
		d.bytes += len(data)
	}
	if d.bytes > maxGiven {
		return nil, fmt.Errorf("the files that the program reads are larger than %d MiB together", maxGiven>>20)
	}
	d.given[sum] = data
	return &reply{Info: infoOf(i), Data: data}, nil
}

// varFile gives a file of values that the command line names.
func (d *desk) varFile(name string) (*reply, error) {
	if !slices.Contains(d.o.VarFiles, name) {
		return nil, errors.New("the command line does not name it")
	}
	data, err := load.Machine{}.Read(name, load.MaxFile)
	if err != nil {
		return nil, err
	}
	d.given[sumOf(data)] = data
	return &reply{Data: data}, nil
}

// input gives the value of a variable that the environment has.
func (d *desk) input(name string) *reply {
	if d.o.Env == nil {
		return new(reply)
	}
	text, ok := d.o.Env(name)
	if !ok || !strings.HasPrefix(name, envVar) {
		return new(reply)
	}
	d.inputs = append(d.inputs, text)
	return &reply{Data: []byte(text), Yes: true}
}

// envVar begins the environment variable that holds the value of an input.
const envVar = "BAY_VAR_"

func list(files fs.FS, name string) (*reply, error) {
	entries, err := fs.ReadDir(files, name)
	if err != nil {
		return nil, err
	}
	r := &reply{List: []*info{}}
	for _, e := range entries {
		r.List = append(r.List, &info{Base: e.Name(), Bits: uint64(e.Type())})
	}
	return r, nil
}

func infoOf(i fs.FileInfo) *info {
	return &info{Base: i.Name(), Bytes: i.Size(), Bits: uint64(i.Mode())}
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return string(sum[:])
}

// onTheWay makes an error one that can be sent. The message that is made of it
// names the path in the words of the program.
func onTheWay(err error) *failed {
	none := errors.Is(err, fs.ErrNotExist)
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return &failed{Msg: err.Error(), None: none}
}
