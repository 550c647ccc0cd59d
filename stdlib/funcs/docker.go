package funcs

import (
	"fmt"
	"strconv"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/go-connections/nat"
	units "github.com/docker/go-units"
	"github.com/joho/godotenv"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

var imageType = cty.Object(map[string]cty.Type{
	"registry": cty.String, "repository": cty.String, "name": cty.String, "tag": cty.String, "digest": cty.String,
})

// parseimage returns the parts of a reference as the engine reads it. tag and
// digest are null where the reference has none, but for a reference with
// neither, whose tag is latest.
var parseimage = textFunc(imageType, func(args []string) (cty.Value, error) {
	ref, err := reference.ParseNormalizedNamed(args[0])
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(0, "%q is no image reference: %v", args[0], err)
	}
	ref = reference.TagNameOnly(ref)
	parts := map[string]cty.Value{
		"registry":   cty.StringVal(reference.Domain(ref)),
		"repository": cty.StringVal(reference.Path(ref)),
		"name":       cty.StringVal(ref.Name()),
		"tag":        cty.NullVal(cty.String),
		"digest":     cty.NullVal(cty.String),
	}
	if t, ok := ref.(reference.Tagged); ok {
		parts["tag"] = cty.StringVal(t.Tag())
	}
	if d, ok := ref.(reference.Digested); ok {
		parts["digest"] = cty.StringVal(d.Digest().String())
	}
	return cty.ObjectVal(parts), nil
}, "reference")

var portType = cty.Object(map[string]cty.Type{
	"container": cty.Number, "host": cty.Number, "host_ip": cty.String, "protocol": cty.String,
})

// parseport returns the long form of one port. host and host_ip are null where
// the text does not say them.
var parseport = textFunc(portType, func(args []string) (cty.Value, error) {
	specs, err := nat.ParsePortSpec(args[0])
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(0, "%q is no port: %v", args[0], err)
	}
	if len(specs) != 1 {
		return cty.NilVal, function.NewArgErrorf(0, "%q is a range of %d ports, want one", args[0], len(specs))
	}
	port := map[string]cty.Value{
		"container": cty.NumberIntVal(int64(specs[0].Port.Int())),
		"host":      cty.NullVal(cty.Number),
		"host_ip":   cty.NullVal(cty.String),
		"protocol":  cty.StringVal(specs[0].Port.Proto()),
	}
	if host := specs[0].Binding.HostPort; host != "" {
		n, err := strconv.ParseInt(host, 10, 64)
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(0, "%q is no port of the host", host)
		}
		port["host"] = cty.NumberIntVal(n)
	}
	if ip := specs[0].Binding.HostIP; ip != "" {
		port["host_ip"] = cty.StringVal(ip)
	}
	return cty.ObjectVal(port), nil
}, "port")

var parsesize = textFunc(cty.Number, func(args []string) (cty.Value, error) {
	n, err := units.RAMInBytes(args[0])
	if err != nil || n < 0 {
		return cty.NilVal, function.NewArgErrorf(0, `%q is no size: want a form such as "512m"`, args[0])
	}
	return cty.NumberIntVal(n), nil
}, "size")

var parseduration = textFunc(cty.Number, func(args []string) (cty.Value, error) {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(0, `%q is no duration: want a form such as "1m30s"`, args[0])
	}
	return cty.NumberFloatVal(d.Seconds()), nil
}, "duration")

var dotenvdecode = textFunc(cty.Map(cty.String), func(args []string) (cty.Value, error) {
	vars, err := godotenv.Unmarshal(args[0])
	if err != nil {
		return cty.NilVal, fmt.Errorf("not a dotenv file: %w", err)
	}
	if len(vars) == 0 {
		return cty.MapValEmpty(cty.String), nil
	}
	out := map[string]cty.Value{}
	for k, v := range vars {
		out[k] = cty.StringVal(v)
	}
	return cty.MapVal(out), nil
}, "text")
