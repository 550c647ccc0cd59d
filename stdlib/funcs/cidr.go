package funcs

import (
	"math/big"
	"net"

	"github.com/apparentlymart/go-cidr/cidr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/gocty"
)

func number(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.Number}
}

func parseNet(v cty.Value) (*net.IPNet, error) {
	_, n, err := net.ParseCIDR(v.AsString())
	if err != nil {
		return nil, function.NewArgErrorf(0, "%q is no network: want a form such as 10.1.0.0/16", v.AsString())
	}
	return n, nil
}

// bigInt returns a whole number of any size: IPv6 networks have many hosts.
func bigInt(arg int, v cty.Value) (*big.Int, error) {
	n, exact := v.AsBigFloat().Int(nil)
	if n == nil || exact != big.Exact {
		return nil, function.NewArgErrorf(arg, "want a whole number")
	}
	return n, nil
}

var cidrhost = function.New(&function.Spec{
	Params: []function.Parameter{text("network"), number("host")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		n, err := parseNet(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		num, err := bigInt(1, args[1])
		if err != nil {
			return cty.NilVal, err
		}
		ip, err := cidr.HostBig(n, num)
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		return cty.StringVal(ip.String()), nil
	},
})

var cidrnetmask = function.New(&function.Spec{
	Params: []function.Parameter{text("network")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		n, err := parseNet(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		if n.IP.To4() == nil {
			return cty.NilVal, function.NewArgErrorf(0, "IPv6 networks have no netmask, only a prefix length")
		}
		return cty.StringVal(net.IP(n.Mask).String()), nil
	},
})

var cidrsubnet = function.New(&function.Spec{
	Params: []function.Parameter{text("network"), number("bits"), number("num")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		n, err := parseNet(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		bits, err := newBits(1, args[1])
		if err != nil {
			return cty.NilVal, err
		}
		num, err := bigInt(2, args[2])
		if err != nil {
			return cty.NilVal, err
		}
		sub, err := cidr.SubnetBig(n, bits, num)
		if err != nil {
			return cty.NilVal, err
		}
		return cty.StringVal(sub.String()), nil
	},
})

var cidrsubnets = function.New(&function.Spec{
	Params:   []function.Parameter{text("network")},
	VarParam: &function.Parameter{Name: "bits", Type: cty.Number},
	Type:     function.StaticReturnType(cty.List(cty.String)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		n, err := parseNet(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		out := []cty.Value{}
		ones, _ := n.Mask.Size()
		last := n
		for i, a := range args[1:] {
			bits, err := newBits(i+1, a)
			if err != nil {
				return cty.NilVal, err
			}
			next, ok := nextWithin(n, last, ones+bits, i == 0)
			if !ok {
				return cty.NilVal, function.NewArgErrorf(i+1, "no room is left in %s for a subnet with the prefix length %d", n, ones+bits)
			}
			out = append(out, cty.StringVal(next.String()))
			last = next
		}
		if len(out) == 0 {
			return cty.ListValEmpty(cty.String), nil
		}
		return cty.ListVal(out), nil
	},
})

// nextWithin returns the subnet of this prefix length that follows last, if n
// has room for it; the first one starts where n does.
func nextWithin(n, last *net.IPNet, prefix int, first bool) (*net.IPNet, bool) {
	size := len(n.Mask) * 8
	if prefix > size {
		return nil, false
	}
	if first {
		return &net.IPNet{IP: n.IP, Mask: net.CIDRMask(prefix, size)}, true
	}
	next, overflow := cidr.NextSubnet(last, prefix)
	return next, !overflow && n.Contains(next.IP)
}

// newBits returns a number of bits by which a prefix can grow.
func newBits(arg int, v cty.Value) (int, error) {
	var n int
	if err := gocty.FromCtyValue(v, &n); err != nil || n < 0 || n > 128 {
		return 0, function.NewArgErrorf(arg, "want a whole number of bits, from 0 to 128")
	}
	return n, nil
}
