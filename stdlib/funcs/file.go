package funcs

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io/fs"
	"unicode/utf8"

	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// content is a function of a file's content.
func content(env schema.FuncEnv, result cty.Type, f func(schema.File) (cty.Value, error)) function.Function {
	return textFunc(result, func(args []string) (cty.Value, error) {
		file, err := env.Source.Open(env.Dir, args[0])
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		return f(file)
	}, "path")
}

func file(env schema.FuncEnv) function.Function {
	return content(env, cty.String, func(f schema.File) (cty.Value, error) {
		if !utf8.Valid(f.Src) {
			return cty.NilVal, function.NewArgErrorf(0, "%s is not text (UTF-8); filebase64 reads any file", f.Name)
		}
		return cty.StringVal(string(f.Src)), nil
	})
}

func filebase64(env schema.FuncEnv) function.Function {
	return content(env, cty.String, func(f schema.File) (cty.Value, error) {
		return cty.StringVal(base64.StdEncoding.EncodeToString(f.Src)), nil
	})
}

func fileexists(env schema.FuncEnv) function.Function {
	return textFunc(cty.Bool, func(args []string) (cty.Value, error) {
		_, err := env.Source.Open(env.Dir, args[0])
		if errors.Is(err, fs.ErrNotExist) {
			return cty.False, nil
		}
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		return cty.True, nil
	}, "path")
}

// newHash returns the hash of this name.
func newHash(name string) hash.Hash {
	switch name {
	case "md5":
		return md5.New()
	case "sha1":
		return sha1.New()
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	}
	panic("funcs: no hash " + name)
}

func hexSum(name string, data []byte) string {
	h := newHash(name)
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

func hashText(name string) function.Function {
	return asFunc(func(s string) string { return hexSum(name, []byte(s)) })
}

func fileHash(name string) func(schema.FuncEnv) function.Function {
	return func(env schema.FuncEnv) function.Function {
		return content(env, cty.String, func(f schema.File) (cty.Value, error) {
			return cty.StringVal(hexSum(name, f.Src)), nil
		})
	}
}

// templatefile evaluates HCL's template language in both languages. A template
// calls any function but templatefile, so that none can include itself.
func templatefile(env schema.FuncEnv) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{text("path"), anything("vars")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			f, err := env.Source.Open(env.Dir, args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			if !utf8.Valid(f.Src) {
				return cty.NilVal, function.NewArgErrorf(0, "%s is not text (UTF-8)", f.Name)
			}
			callable := map[string]function.Function{}
			for _, fn := range All() {
				if fn.Name != "templatefile" {
					callable[fn.Name] = fn.Make(env)
				}
			}
			return value.Template(f.Name, string(f.Src), args[1], callable)
		},
	})
}

func fileset(env schema.FuncEnv) function.Function {
	return textFunc(cty.List(cty.String), func(args []string) (cty.Value, error) {
		paths, err := env.Source.Files(env.Dir, args[0])
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		out := []cty.Value{}
		for _, p := range paths {
			ok, err := doublestar.Match(args[1], p)
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(1, "%q is no pattern: %v", args[1], err)
			}
			if ok {
				out = append(out, cty.StringVal(p))
			}
		}
		if len(out) == 0 {
			return cty.ListValEmpty(cty.String), nil
		}
		return cty.ListVal(out), nil
	}, "dir", "pattern")
}
