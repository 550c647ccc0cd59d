package evaluate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
)

// What parent and child say to each other is frames: four bytes of length, the
// greatest first, and a message. Both are one program, so that a message is the
// fields of a Go struct in their order, without names. Unlike JSON it keeps text
// that is no UTF-8, and tells an empty list from none.
//
// A struct is a bit for each field that is not zero, then these fields; what
// points is what it points at; a text that came before is its number. Whoever
// reads trusts nothing: lengths are held against what is there, and what is made
// of it against maxMade.
const (
	maxFrame = 96 << 20  // bytes of one message
	maxMade  = 768 << 20 // bytes that are made of one message
	maxDepth = 20_000    // values within each other
	interned = 128       // bytes of a text that is written once
)

var errGarbage = errors.New("this is no message")

// writeFrame writes one message.
func writeFrame(w io.Writer, msg any) error {
	data, err := encode(msg)
	if err != nil {
		return err
	}
	if len(data)-4 > maxFrame {
		return fmt.Errorf("a message of %d bytes is too large", len(data)-4)
	}
	binary.BigEndian.PutUint32(data, uint32(len(data)-4))
	_, err = w.Write(data)
	return err
}

// readFrame reads one message into msg, a pointer. io.EOF is the error where
// nothing comes any more.
func readFrame(r io.Reader, msg any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return errGarbage
	}
	data, err := readAll(r, int(n))
	if err != nil {
		return err
	}
	return decode(data, msg)
}

// readAll reads n bytes. What was promised is not made room for before it is there.
func readAll(r io.Reader, n int) ([]byte, error) {
	const most = 1 << 20
	data := make([]byte, 0, min(n, most))
	for len(data) < n {
		at := len(data)
		data = append(data, make([]byte, min(n-at, most))...)
		if _, err := io.ReadFull(r, data[at:]); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return data, nil
}

// encode returns a message behind four bytes for its length.
func encode(msg any) (data []byte, err error) {
	e := &encoder{out: make([]byte, 4, 1024), seen: map[string]uint64{}}
	e.value(reflect.ValueOf(msg), 0)
	return e.out, e.err
}

type encoder struct {
	out  []byte
	seen map[string]uint64
	err  error
}

func (e *encoder) uint(n uint64) { e.out = binary.AppendUvarint(e.out, n) }

func (e *encoder) value(v reflect.Value, depth int) {
	if depth > maxDepth {
		e.err = fmt.Errorf("values are nested more than %d deep", maxDepth)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		e.out = append(e.out, map[bool]byte{true: 1}[v.Bool()])
	case reflect.Int, reflect.Int64:
		e.out = binary.AppendVarint(e.out, v.Int())
	case reflect.Uint8, reflect.Uint64:
		e.uint(v.Uint())
	case reflect.Float64:
		e.out = binary.BigEndian.AppendUint64(e.out, math.Float64bits(v.Float()))
	case reflect.String:
		e.text(v.String())
	case reflect.Pointer:
		e.value(v.Elem(), depth+1)
	case reflect.Slice:
		e.slice(v, depth)
	case reflect.Map:
		e.uint(uint64(v.Len()))
		for it := v.MapRange(); it.Next(); {
			e.text(it.Key().String())
			e.value(it.Value(), depth+1)
		}
	case reflect.Struct:
		e.fields(v, depth)
	default:
		panic(fmt.Sprintf("evaluate: a message with %s in it", v.Type()))
	}
}

func (e *encoder) slice(v reflect.Value, depth int) {
	e.uint(uint64(v.Len()))
	if v.Type().Elem().Kind() == reflect.Uint8 {
		e.out = append(e.out, v.Bytes()...)
		return
	}
	for i := range v.Len() {
		e.value(v.Index(i), depth+1)
	}
}

func (e *encoder) fields(v reflect.Value, depth int) {
	var set uint64
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			set |= 1 << i
		}
	}
	e.uint(set)
	for i := range v.NumField() {
		if set&(1<<i) != 0 {
			e.value(v.Field(i), depth+1)
		}
	}
}

// text writes twice the length and the text, or twice its number and one.
func (e *encoder) text(s string) {
	if n, ok := e.seen[s]; ok {
		e.uint(2*n + 1)
		return
	}
	e.uint(2 * uint64(len(s)))
	e.out = append(e.out, s...)
	if len(s) <= interned {
		e.seen[s] = uint64(len(e.seen))
	}
}

// decode reads a message into msg, a pointer to what was written.
func decode(data []byte, msg any) (err error) {
	d := &decoder{in: data, left: maxMade}
	defer func() {
		if r := recover(); r != nil {
			if r != errGarbage {
				panic(r)
			}
			err = errGarbage
		}
	}()
	d.value(reflect.ValueOf(msg).Elem(), 0)
	if len(d.in) > 0 {
		return errGarbage
	}
	return nil
}

type decoder struct {
	in   []byte
	seen []string
	left int // bytes that may still be made
}

// holds ends the reading unless what has to be is.
func (d *decoder) holds(ok bool) {
	if !ok {
		panic(errGarbage)
	}
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.in)
	d.holds(size > 0)
	d.in = d.in[size:]
	return n
}

// count reads how many elements of so many bytes follow. Each takes a byte at least.
func (d *decoder) count(size uintptr) int {
	n := d.uint()
	d.holds(n <= uint64(len(d.in)))
	d.spend(int(n) * int(size))
	return int(n)
}

func (d *decoder) spend(bytes int) {
	d.left -= bytes
	d.holds(d.left >= 0)
}

func (d *decoder) take(n int) []byte {
	d.holds(n <= len(d.in))
	out := d.in[:n]
	d.in = d.in[n:]
	return out
}

func (d *decoder) value(v reflect.Value, depth int) {
	d.holds(depth <= maxDepth)
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(d.take(1)[0] != 0)
	case reflect.Int, reflect.Int64:
		n, size := binary.Varint(d.in)
		d.holds(size > 0)
		d.in = d.in[size:]
		v.SetInt(n)
	case reflect.Uint8, reflect.Uint64:
		n := d.uint()
		d.holds(!v.OverflowUint(n))
		v.SetUint(n)
	case reflect.Float64:
		v.SetFloat(math.Float64frombits(binary.BigEndian.Uint64(d.take(8))))
	case reflect.String:
		v.SetString(d.text())
	case reflect.Pointer:
		d.spend(int(v.Type().Elem().Size()))
		v.Set(reflect.New(v.Type().Elem()))
		d.value(v.Elem(), depth+1)
	case reflect.Slice:
		d.slice(v, depth)
	case reflect.Map:
		d.entries(v, depth)
	case reflect.Struct:
		d.fields(v, depth)
	default:
		panic(fmt.Sprintf("evaluate: a message with %s in it", v.Type()))
	}
}

func (d *decoder) slice(v reflect.Value, depth int) {
	elem := v.Type().Elem()
	n := d.count(elem.Size())
	if elem.Kind() == reflect.Uint8 {
		v.SetBytes(append([]byte{}, d.take(n)...))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		d.value(v.Index(i), depth+1)
	}
}

func (d *decoder) entries(v reflect.Value, depth int) {
	t := v.Type()
	n := d.count(t.Elem().Size() + t.Key().Size())
	v.Set(reflect.MakeMapWithSize(t, n))
	for range n {
		key := reflect.New(t.Key()).Elem()
		key.SetString(d.text())
		elem := reflect.New(t.Elem()).Elem()
		d.value(elem, depth+1)
		v.SetMapIndex(key, elem)
	}
}

func (d *decoder) fields(v reflect.Value, depth int) {
	set := d.uint()
	d.holds(set>>v.NumField() == 0)
	for i := range v.NumField() {
		if set&(1<<i) != 0 {
			d.value(v.Field(i), depth+1)
		}
	}
}

func (d *decoder) text() string {
	n := d.uint()
	if n&1 != 0 {
		d.holds(n/2 < uint64(len(d.seen)))
		return d.seen[n/2]
	}
	d.holds(n/2 <= uint64(len(d.in)))
	s := string(d.take(int(n / 2)))
	d.spend(len(s))
	if len(s) <= interned {
		d.seen = append(d.seen, s)
	}
	return s
}
