// Package funcs holds the functions that both languages can call: the standard
// library of go-cty, what users of Terraform reach for, and what Docker's own
// forms need (image references, sizes, durations, ports, dotenv files).
//
// All are pure: no clock, no randomness, no environment, no network. Those
// that read files see only what the Source of the caller gives.
package funcs

import (
	"strings"
	"sync"

	"bayplan/lang/schema"

	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// All returns the registry, in order of names. Each has an example, with its
// result after #, as both languages write it but for true, false and null.
func All() []*schema.Func {
	return []*schema.Func{
		pure("abs", "The number without its sign.", `abs(-2) # 2`, stdlib.AbsoluteFunc),
		pure("alltrue", "Whether all elements of a list are true; so it is for an empty list.", `alltrue([true, false]) # false`, alltrue),
		pure("anytrue", "Whether any element of a list is true.", `anytrue([true, false]) # true`, anytrue),
		pure("base64decode", "The text behind a Base64 encoding.", `base64decode("aGk=") # "hi"`, base64decode),
		pure("base64encode", "The Base64 encoding of a text.", `base64encode("hi") # "aGk="`, base64encode),
		pure("basename", "The last element of a path.", `basename("a/b.txt") # "b.txt"`, basename),
		pure("ceil", "The least whole number that is not below the number.", `ceil(1.2) # 2`, stdlib.CeilFunc),
		pure("chomp", "The text without the line ends at its end.", `chomp("a\n") # "a"`, stdlib.ChompFunc),
		pure("chunklist", "The list cut into lists of at most a size.", `chunklist([1, 2, 3], 2) # [[1, 2], [3]]`, stdlib.ChunklistFunc),
		pure("cidrhost", "The address of the host with a number in a network.", `cidrhost("10.1.0.0/16", 258) # "10.1.1.2"`, cidrhost),
		pure("cidrnetmask", "The netmask of an IPv4 network.", `cidrnetmask("10.1.0.0/20") # "255.255.240.0"`, cidrnetmask),
		pure("cidrsubnet", "The subnet with a number, its prefix longer by some bits.", `cidrsubnet("10.0.0.0/8", 8, 2) # "10.2.0.0/16"`, cidrsubnet),
		pure("cidrsubnets", "Subnets that follow each other, the prefix of each longer by some bits.", `cidrsubnets("10.0.0.0/8", 8, 9) # ["10.0.0.0/16", "10.1.0.0/17"]`, cidrsubnets),
		pure("coalesce", "The first argument that is neither null nor an empty text.", `coalesce(null, "", "a") # "a"`, coalesce),
		pure("coalescelist", "The first list that is not empty.", `coalescelist([], [1]) # [1]`, coalescelist),
		pure("compact", "The list of texts without those that are empty or null.", `compact(["a", "", "b"]) # ["a", "b"]`, stdlib.CompactFunc),
		pure("concat", "The lists one after another, as one.", `concat([1], [2, 3]) # [1, 2, 3]`, stdlib.ConcatFunc),
		pure("contains", "Whether a list has an element.", `contains(["a", "b"], "b") # true`, stdlib.ContainsFunc),
		pure("csvdecode", "The rows of a CSV text as objects, by the names in its first row.", `csvdecode("a,b\n1,2") # [{"a": "1", "b": "2"}]`, stdlib.CSVDecodeFunc),
		pure("dirname", "The path without its last element.", `dirname("a/b.txt") # "a"`, dirname),
		pure("distinct", "The list without repeated elements; the first of each stays.", `distinct([1, 2, 1]) # [1, 2]`, stdlib.DistinctFunc),
		pure("dotenvdecode", "The variables of a dotenv file as a map.", `dotenvdecode("A=1\nexport B='x y'") # {"A": "1", "B": "x y"}`, dotenvdecode),
		pure("element", "The element at an index, which starts again at the list's end.", `element(["a", "b"], 3) # "b"`, stdlib.ElementFunc),
		pure("endswith", "Whether a text ends in another.", `endswith("web.star", ".star") # true`, endswith),
		reads("file", "The content of a text file; the path starts at the module's directory.", `file("motd.txt") # "hello\n"`, file),
		reads("filebase64", "The Base64 encoding of a file's content.", `filebase64("motd.txt") # "aGVsbG8K"`, filebase64),
		reads("fileexists", "Whether there is a file at a path.", `fileexists("motd.txt") # true`, fileexists),
		reads("filemd5", "The MD5 sum of a file's content, in hex.", `filemd5("motd.txt") # "b1946ac92492d2347c6235b4d2611184"`, fileHash("md5")),
		reads("fileset", "The paths of the files below a directory that match a pattern; ** is any number of directories.", `fileset(".", "*.txt") # ["motd.txt"]`, fileset),
		reads("filesha1", "The SHA-1 sum of a file's content, in hex.", `filesha1("motd.txt") # "f572d396fae9206628714fb2ce00f72e94f2258f"`, fileHash("sha1")),
		reads("filesha256", "The SHA-256 sum of a file's content, in hex.", `substr(filesha256("motd.txt"), 0, 8) # "5891b5b5"`, fileHash("sha256")),
		reads("filesha512", "The SHA-512 sum of a file's content, in hex.", `substr(filesha512("motd.txt"), 0, 8) # "e7c22b99"`, fileHash("sha512")),
		pure("flatten", "The list with the elements of lists in it in their place.", `flatten([1, [2, [3]]]) # [1, 2, 3]`, stdlib.FlattenFunc),
		pure("floor", "The greatest whole number that is not above the number.", `floor(1.8) # 1`, stdlib.FloorFunc),
		pure("format", "The text with values in the places of verbs such as %s, %d and %05.1f.", `format("web-%02d", 7) # "web-07"`, sized(stdlib.FormatFunc, formatSize)),
		pure("formatdate", "A timestamp of RFC 3339 in a form of your own.", `formatdate("YYYY-MM-DD", "2024-05-06T07:08:09Z") # "2024-05-06"`, stdlib.FormatDateFunc),
		pure("formatlist", "A list of texts, made by format from the elements of lists.", `formatlist("%s:80", ["a", "b"]) # ["a:80", "b:80"]`, sized(formatlist, formatSize)),
		pure("indent", "The text with spaces before each of its lines but the first.", `indent(2, "a\nb") # "a\n  b"`, sized(stdlib.IndentFunc, indentSize)),
		pure("index", "The index of the first element that equals a value; an error if there is none.", `index(["a", "b"], "b") # 1`, index),
		pure("join", "The texts of a list as one, a separator between them.", `join(", ", ["a", "b"]) # "a, b"`, sized(stdlib.JoinFunc, joinSize)),
		pure("jsondecode", "The value behind a JSON text.", `jsondecode("{\"a\": [1]}") # {"a": [1]}`, stdlib.JSONDecodeFunc),
		pure("jsonencode", "A value as JSON.", `jsonencode({"a": [1]}) # "{\"a\":[1]}"`, stdlib.JSONEncodeFunc),
		pure("keys", "The keys of a map, in order.", `keys({"b": 1, "a": 2}) # ["a", "b"]`, stdlib.KeysFunc),
		pure("length", "How many elements a list or map has, or how many characters a text.", `length(["a", "b"]) # 2`, length),
		pure("log", "The logarithm of a number to a base.", `log(8, 2) # 3`, stdlib.LogFunc),
		pure("lookup", "The element of a map at a key, or else a default.", `lookup({"a": 1}, "b", 2) # 2`, stdlib.LookupFunc),
		pure("lower", "The text in small letters.", `lower("WEB") # "web"`, stdlib.LowerFunc),
		pure("max", "The greatest of the numbers, or of the numbers of one list.", `max(1, 5, 3) # 5`, ofNumbers(stdlib.MaxFunc)),
		pure("md5", "The MD5 sum of a text, in hex.", `md5("hi") # "49f68a5c8493ec2c0bf489821c21fc3b"`, hashText("md5")),
		pure("merge", "The maps as one; of a key that stands in many, the last counts.", `merge({"a": 1}, {"a": 2, "b": 3}) # {"a": 2, "b": 3}`, stdlib.MergeFunc),
		pure("min", "The least of the numbers, or of the numbers of one list.", `min([4, 1, 3]) # 1`, ofNumbers(stdlib.MinFunc)),
		pure("one", "The only element of a list, or null for an empty list.", `one(["a"]) # "a"`, one),
		pure("parseduration", "A duration in seconds.", `parseduration("1m30s") # 90`, parseduration),
		pure("parseimage", "The parts of an image reference, in full.", `parseimage("caddy:2.9").name # "docker.io/library/caddy"`, parseimage),
		pure("parseint", "The whole number that a text says in a base from 2 to 62.", `parseint("ff", 16) # 255`, sized(stdlib.ParseIntFunc, parseintSize)),
		pure("parseport", "The parts of a port as docker run takes it.", `parseport("127.0.0.1:8080:80/udp") # {"container": 80, "host": 8080, "host_ip": "127.0.0.1", "protocol": "udp"}`, parseport),
		pure("parsesize", "A size in bytes; units are powers of 1024.", `parsesize("512m") # 536870912`, parsesize),
		pure("pow", "A number raised to a power.", `pow(2, 10) # 1024`, stdlib.PowFunc),
		pure("range", "The numbers from a start (else 0) up to a limit that is not among them, by steps of 1 or as said.", `range(3) # [0, 1, 2]`, rangeOf),
		pure("regex", "What a pattern matches first in a text: the match, or its groups; an error if nothing matches.", `regex("[0-9]+", "web-42") # "42"`, stdlib.RegexFunc),
		pure("regexall", "All that a pattern matches in a text.", `regexall("[0-9]+", "1-2") # ["1", "2"]`, stdlib.RegexAllFunc),
		pure("replace", "The text with a part replaced wherever it stands; /…/ is a pattern, $1 its group.", `replace("a-b", "/(.)-(.)/", "$2-$1") # "b-a"`, sized(replace, replaceSize)),
		pure("reverse", "The list from its end to its start.", `reverse([1, 2]) # [2, 1]`, stdlib.ReverseListFunc),
		pure("setintersection", "The elements that are in all sets.", `setintersection(["a", "b"], ["b", "c"]) # ["b"]`, stdlib.SetIntersectionFunc),
		pure("setproduct", "All combinations of one element of each list.", `setproduct(["a"], ["x", "y"]) # [["a", "x"], ["a", "y"]]`, sized(stdlib.SetProductFunc, productSize)),
		pure("setsubtract", "The elements of a set that are not in another.", `setsubtract(["a", "b"], ["b"]) # ["a"]`, stdlib.SetSubtractFunc),
		pure("setunion", "The elements that are in any of the sets.", `setunion(["b"], ["a"]) # ["a", "b"]`, stdlib.SetUnionFunc),
		pure("sha1", "The SHA-1 sum of a text, in hex.", `sha1("hi") # "c22b5f9178342609428d6f51b2c5af4c0bde6a42"`, hashText("sha1")),
		pure("sha256", "The SHA-256 sum of a text, in hex.", `substr(sha256("hi"), 0, 8) # "8f434346"`, hashText("sha256")),
		pure("sha512", "The SHA-512 sum of a text, in hex.", `substr(sha512("hi"), 0, 8) # "150a14ed"`, hashText("sha512")),
		pure("signum", "-1, 0 or 1: the sign of a number.", `signum(-3) # -1`, stdlib.SignumFunc),
		pure("slice", "The elements of a list from an index up to another, which is not among them.", `slice(["a", "b", "c"], 1, 3) # ["b", "c"]`, stdlib.SliceFunc),
		pure("sort", "The texts of a list in order.", `sort(["b", "a"]) # ["a", "b"]`, stdlib.SortFunc),
		pure("split", "A text cut at each separator.", `split(",", "a,b") # ["a", "b"]`, stdlib.SplitFunc),
		pure("startswith", "Whether a text starts with another.", `startswith("web-1", "web") # true`, startswith),
		pure("strcontains", "Whether a text has another in it.", `strcontains("web-1", "b-") # true`, strcontains),
		pure("strrev", "The characters of a text from its end to its start.", `strrev("abc") # "cba"`, stdlib.ReverseFunc),
		pure("substr", "The characters of a text from an index, at most so many; -1 is all.", `substr("hello", 1, 3) # "ell"`, stdlib.SubstrFunc),
		pure("sum", "The sum of the numbers of a list.", `sum([1, 2, 3]) # 6`, sum),
		reads("templatefile", "The content of a file with ${…} and %{…} in it evaluated, in HCL's template language.", `templatefile("hello.tmpl", {"name": "bay"}) # "hello bay\n"`, templatefile),
		pure("timeadd", "A timestamp of RFC 3339 and a duration, added.", `timeadd("2024-01-01T00:00:00Z", "90m") # "2024-01-01T01:30:00Z"`, stdlib.TimeAddFunc),
		pure("title", "The text with a capital at the start of each word.", `title("hello bay") # "Hello Bay"`, stdlib.TitleFunc),
		pure("tobool", "The value as a bool.", `tobool("true") # true`, stdlib.MakeToFunc(cty.Bool)),
		pure("tolist", "The value as a list of elements of one type.", `tolist(["a", 1]) # ["a", "1"]`, toCollection(cty.List(cty.DynamicPseudoType))),
		pure("tomap", "The value as a map of elements of one type.", `tomap({"a": "x", "b": 1}) # {"a": "x", "b": "1"}`, toCollection(cty.Map(cty.DynamicPseudoType))),
		pure("tonumber", "The value as a number.", `tonumber("42") # 42`, stdlib.MakeToFunc(cty.Number)),
		pure("toset", "The distinct elements of a list, in order.", `toset(["b", "a", "b"]) # ["a", "b"]`, stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType))),
		pure("tostring", "The value as text.", `tostring(42) # "42"`, stdlib.MakeToFunc(cty.String)),
		pure("transpose", "A map of lists of texts turned around.", `transpose({"a": ["x", "y"], "b": ["x"]}) # {"x": ["a", "b"], "y": ["a"]}`, transpose),
		pure("trim", "The text without the given characters at its ends.", `trim("--a--", "-") # "a"`, stdlib.TrimFunc),
		pure("trimprefix", "The text without another one at its start.", `trimprefix("v1.2", "v") # "1.2"`, stdlib.TrimPrefixFunc),
		pure("trimspace", "The text without white space at its ends.", `trimspace("  a ") # "a"`, stdlib.TrimSpaceFunc),
		pure("trimsuffix", "The text without another one at its end.", `trimsuffix("a.txt", ".txt") # "a"`, stdlib.TrimSuffixFunc),
		pure("upper", "The text in capitals.", `upper("web") # "WEB"`, stdlib.UpperFunc),
		pure("urlencode", "The text as it stands in a URL's query.", `urlencode("a b&c") # "a+b%26c"`, urlencode),
		pure("values", "The values of a map, in order of their keys.", `values({"b": 1, "a": 2}) # [2, 1]`, stdlib.ValuesFunc),
		pure("yamldecode", "The value behind a YAML text.", `yamldecode("a: [1, x]") # {"a": [1, "x"]}`, yamldecode),
		pure("yamlencode", "A value as YAML.", `yamlencode({"a": [1]}) # "\"a\":\n- 1\n"`, ctyyaml.YAMLEncodeFunc),
		pure("zipmap", "A map from a list of keys and a list of values.", `zipmap(["a", "b"], [1, 2]) # {"a": 1, "b": 2}`, stdlib.ZipmapFunc),
	}
}

// pure is a function of its arguments alone.
func pure(name, doc, example string, f function.Function) *schema.Func {
	once := sync.OnceValue(func() function.Function { return bounded(f) }) // one for all modules
	return registered(name, doc, example, func(schema.FuncEnv) function.Function { return once() })
}

// reads is a function that may read files.
func reads(name, doc, example string, f func(schema.FuncEnv) function.Function) *schema.Func {
	return registered(name, doc, example, func(env schema.FuncEnv) function.Function { return bounded(f(env)) })
}

func registered(name, doc, example string, f func(schema.FuncEnv) function.Function) *schema.Func {
	call, result, _ := strings.Cut(example, " # ")
	return &schema.Func{Name: name, Doc: doc, Example: call, Result: result, Make: f}
}

// text is a parameter that takes a text.
func text(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.String}
}

// anything is a parameter that takes a value of any type.
func anything(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType}
}

// textFunc is a function from texts to a value of a fixed type.
func textFunc(result cty.Type, f func(args []string) (cty.Value, error), params ...string) function.Function {
	spec := &function.Spec{
		Type: function.StaticReturnType(result),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = a.AsString()
			}
			return f(texts)
		},
	}
	for _, p := range params {
		spec.Params = append(spec.Params, text(p))
	}
	return function.New(spec)
}

// asFunc presents what Go's own libraries have as a function of one text.
func asFunc(f func(string) string) function.Function {
	return textFunc(cty.String, func(args []string) (cty.Value, error) { return cty.StringVal(f(args[0])), nil }, "text")
}

// testFunc presents a test of two texts.
func testFunc(f func(s, part string) bool) function.Function {
	return textFunc(cty.Bool, func(args []string) (cty.Value, error) { return cty.BoolVal(f(args[0], args[1])), nil }, "text", "part")
}
