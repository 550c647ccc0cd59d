package engine

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// machine is a processor that the lock's program is written for: it prints a
// byte, by which the holder knows that it runs, reads its input to the end, and
// ends.
type machine struct {
	goarch string   // in an image
	names  []string // in /info, as uname says it
	class  elf.Class
	order  binary.ByteOrder
	kind   elf.Machine
	flags  uint32 // of the ELF header
	base   uint64 // address at which the file is loaded
	code   []byte
}

// machines returns all that there are. Each program is the same:
//
//	write(1, sp, 1)
//	loop: n = read(0, sp-128, 64); if n > 0 goto loop
//	exit(0)
func machines() []machine {
	little, big := binary.LittleEndian, binary.BigEndian
	return []machine{
		{"amd64", []string{"x86_64", "amd64"}, elf.ELFCLASS64, little, elf.EM_X86_64, 0, 0x400000, code(
			"b801000000 bf01000000 4889e6 ba01000000 0f05", // mov eax,1; mov edi,1; mov rsi,rsp; mov edx,1; syscall
			"31c0 31ff 488d742480 ba40000000 0f05",         // xor eax,eax; xor edi,edi; lea rsi,[rsp-128]; mov edx,64; syscall
			"85c0 7fec",                                    // test eax,eax; jg loop
			"b83c000000 31ff 0f05",                         // mov eax,60; xor edi,edi; syscall
		)},
		{"386", []string{"i386", "i486", "i586", "i686"}, elf.ELFCLASS32, little, elf.EM_386, 0, 0x8048000, code(
			"b804000000 bb01000000 89e1 ba01000000 cd80", // mov eax,4; mov ebx,1; mov ecx,esp; mov edx,1; int 0x80
			"31db 8d4c2480 ba40000000 b803000000 cd80",   // xor ebx,ebx; lea ecx,[esp-128]; mov edx,64; mov eax,3; int 0x80
			"85c0 7fea",       // test eax,eax; jg loop
			"b801000000 cd80", // mov eax,1; int 0x80
		)},
		{"arm64", []string{"aarch64", "arm64"}, elf.ELFCLASS64, little, elf.EM_AARCH64, 0, 0x400000, words(little,
			0xd2800808, 0xd2800020, 0x910003e1, 0xd2800022, 0xd4000001, // mov x8,64; mov x0,1; mov x1,sp; mov x2,1; svc 0
			0xd28007e8, 0xd2800000, 0xd10203e1, 0xd2800802, 0xd4000001, // mov x8,63; mov x0,0; sub x1,sp,128; mov x2,64; svc 0
			0xf100001f, 0x54ffff4c, // cmp x0,0; b.gt loop
			0xd2800ba8, 0xd2800000, 0xd4000001, // mov x8,93; mov x0,0; svc 0
		)},
		{"arm", []string{"arm", "armv5l", "armv6l", "armv7l", "armv8l"}, elf.ELFCLASS32, little, elf.EM_ARM, 0x05000000, 0x10000, words(little,
			0xe3a07004, 0xe3a00001, 0xe1a0100d, 0xe3a02001, 0xef000000, // mov r7,4; mov r0,1; mov r1,sp; mov r2,1; svc 0
			0xe3a07003, 0xe3a00000, 0xe24d1080, 0xe3a02040, 0xef000000, // mov r7,3; mov r0,0; sub r1,sp,128; mov r2,64; svc 0
			0xe3500000, 0xcafffff8, // cmp r0,0; bgt loop
			0xe3a07001, 0xe3a00000, 0xef000000, // mov r7,1; mov r0,0; svc 0
		)},
		{"ppc64le", []string{"ppc64le"}, elf.ELFCLASS64, little, elf.EM_PPC64, 2, 0x400000, words(little,
			0x38000004, 0x38600001, 0x7c240b78, 0x38a00001, 0x44000002, // li r0,4; li r3,1; mr r4,r1; li r5,1; sc
			0x38000003, 0x38600000, 0x3881ff80, 0x38a00040, 0x44000002, // li r0,3; li r3,0; addi r4,r1,-128; li r5,64; sc
			0x4183000c, 0x2c230000, 0x4181ffe4, // bso exit; cmpdi r3,0; bgt loop
			0x38000001, 0x38600000, 0x44000002, // exit: li r0,1; li r3,0; sc
		)},
		{"s390x", []string{"s390x"}, elf.ELFCLASS64, big, elf.EM_S390, 0, 0x400000, code(
			"a7290001 b904003f a7490001 0a04",     // lghi r2,1; lgr r3,r15; lghi r4,1; svc 4
			"a7290000 e330ff80ff71 a7490040 0a03", // lghi r2,0; lay r3,-128(r15); lghi r4,64; svc 3
			"b9020022 a724fff6",                   // ltgr r2,r2; jh loop
			"a7290000 0a01",                       // lghi r2,0; svc 1
		)},
		{"riscv64", []string{"riscv64"}, elf.ELFCLASS64, little, elf.EM_RISCV, 0, 0x400000, words(little,
			0x04000893, 0x00100513, 0x00010593, 0x00100613, 0x00000073, // li a7,64; li a0,1; mv a1,sp; li a2,1; ecall
			0x03f00893, 0x00000513, 0xf8010593, 0x04000613, 0x00000073, // li a7,63; li a0,0; addi a1,sp,-128; li a2,64; ecall
			0xfea046e3,                         // bgtz a0,loop
			0x05d00893, 0x00000513, 0x00000073, // li a7,93; li a0,0; ecall
		)},
	}
}

// machineOf finds the processor of an engine by the name in its /info.
func machineOf(name string) (machine, bool) {
	for _, m := range machines() {
		for _, n := range m.names {
			if n == name {
				return m, true
			}
		}
	}
	return machine{}, false
}

func code(lines ...string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(lines, ""), " ", ""))
	if err != nil {
		panic(err) // it stands above
	}
	return b
}

func words(order binary.ByteOrder, all ...uint32) []byte {
	b := make([]byte, 0, 4*len(all))
	for _, w := range all {
		word := make([]byte, 4)
		order.PutUint32(word, w)
		b = append(b, word...)
	}
	return b
}

// program returns a static ELF file of one segment: headers, then code.
func (m machine) program() []byte {
	var ident [elf.EI_NIDENT]byte
	copy(ident[:], elf.ELFMAG)
	ident[elf.EI_CLASS], ident[elf.EI_VERSION], ident[elf.EI_DATA] = byte(m.class), byte(elf.EV_CURRENT), byte(elf.ELFDATA2LSB)
	if m.order == binary.BigEndian {
		ident[elf.EI_DATA] = byte(elf.ELFDATA2MSB)
	}
	const page = 0x10000 // the largest that any of them has
	var head, segment any
	if m.class == elf.ELFCLASS64 {
		const size = 64 + 56
		all := uint64(size + len(m.code))
		head = elf.Header64{Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(m.kind), Version: 1, Entry: m.base + size, Phoff: 64, Flags: m.flags, Ehsize: 64, Phentsize: 56, Phnum: 1}
		segment = elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: m.base, Paddr: m.base, Filesz: all, Memsz: all, Align: page}
	} else {
		const size = 52 + 32
		all := uint32(size + len(m.code))
		head = elf.Header32{Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(m.kind), Version: 1, Entry: uint32(m.base) + size, Phoff: 52, Flags: m.flags, Ehsize: 52, Phentsize: 32, Phnum: 1}
		segment = elf.Prog32{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: uint32(m.base), Paddr: uint32(m.base), Filesz: all, Memsz: all, Align: page}
	}
	var b bytes.Buffer
	for _, part := range []any{head, segment, m.code} {
		if err := binary.Write(&b, m.order, part); err != nil {
			panic(err) // all of it has a fixed size
		}
	}
	return b.Bytes()
}

// lockProgram is where the program lies in the lock's image.
const lockProgram = "bayplan-lock"

// image returns the lock's image as an archive that an engine loads, the same
// bytes each time, so that it has one ID wherever it is loaded, and its name.
func (m machine) image() (archive []byte, ref string) {
	layer := tarOf(entry{lockProgram, 0o555, m.program()})
	sum := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": m.goarch, "os": "linux", "created": time.Unix(0, 0).UTC(),
		"config":  map[string]any{"Entrypoint": []string{"/" + lockProgram}},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
		"history": []any{map[string]any{"created": time.Unix(0, 0).UTC(), "created_by": "bay"}},
	})
	if err != nil {
		panic(err) // plain data always marshals
	}
	id := fmt.Sprintf("%x", sha256.Sum256(config))
	ref = "bayplan.invalid/lock:" + id[:12]
	manifest, err := json.Marshal([]any{map[string]any{"Config": id + ".json", "RepoTags": []string{ref}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		panic(err)
	}
	return tarOf(entry{id + ".json", 0o644, config}, entry{"layer.tar", 0o644, layer}, entry{"manifest.json", 0o644, manifest}), ref
}

type entry struct {
	name string
	mode int64
	data []byte
}

func tarOf(entries ...entry) []byte {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, e := range entries {
		err := t.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.data)), Format: tar.FormatUSTAR})
		if err == nil {
			_, err = io.Copy(t, bytes.NewReader(e.data))
		}
		if err != nil {
			panic(err) // a buffer takes all
		}
	}
	if err := t.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
