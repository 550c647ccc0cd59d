package embedded

import (
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// What the engine's machine is.
const (
	architecture = "amd64"
	hostName     = "embedded"
	processors   = 8
)

// Image is an image. Its ID is the hash of what it was made from, so that the
// same build, pull or import gives the same one.
type Image struct {
	ID           string // sha256:…
	Parent       string // ID; "" for what was not built on another
	Created      time.Time
	Tagged       time.Time // when it last got a name
	Comment      string
	Architecture string
	Os           string
	Variant      string
	Others       []ocispec.Platform // in containerd's store: for which else it is there
	Size         int64
	Config       container.Config
	Layers       []string
	History      []image.HistoryResponseItem
	Files        map[string]File // small ones, by path
}

// parseRef reads a reference as docker does: nginx is docker.io/library/nginx,
// with the tag latest where neither tag nor digest is given.
func parseRef(ref string) (reference.Named, error) {
	named, _, err := normalized(ref)
	if err != nil {
		return nil, bad("%s", err)
	}
	return reference.TagNameOnly(named), nil
}

// key is what a reference is found by: a digest wins over a tag.
func key(ref reference.Named) string {
	if d, ok := ref.(reference.Digested); ok {
		return ref.Name() + "@" + d.Digest().String()
	}
	return ref.String()
}

// Image finds an image by reference, ID, or the beginning of an ID.
func (s *State) Image(ref string) (*Image, error) {
	if im := s.imageByID(ref); im != nil && (strings.HasPrefix(ref, "sha256:") || len(ref) == 64) {
		return im, nil
	}
	if named, err := parseRef(ref); err == nil {
		if id, ok := s.Refs[key(named)]; ok {
			return s.Images[id], nil
		}
		if d, ok := named.(reference.Digested); ok && s.Containerd && s.inRepository(d.Digest().String(), named.Name()) {
			return s.Images[d.Digest().String()], nil
		}
		if im := s.imageByID(ref); im != nil {
			return im, nil
		}
		return nil, notFound("No such image: %s", reference.FamiliarString(named))
	}
	if im := s.imageByID(ref); im != nil {
		return im, nil
	}
	return nil, notFound("No such image: %s", ref)
}

func (s *State) imageByID(ref string) *Image {
	hex := strings.TrimPrefix(ref, "sha256:")
	if hex == "" || strings.Trim(hex, "0123456789abcdef") != "" {
		return nil
	}
	var found *Image
	for id, im := range s.Images {
		if !strings.HasPrefix(id, "sha256:"+hex) {
			continue
		}
		if found != nil {
			return nil
		}
		found = im
	}
	return found
}

// imageFor finds the image of a new container. Without a name it is an empty one.
func (s *State) imageFor(ref, platform string) (*Image, error) {
	if ref == "" {
		return &Image{Os: "linux", Architecture: architecture}, nil
	}
	im, err := s.Image(ref)
	if err != nil {
		return nil, err
	}
	if platform == "" {
		return im, nil
	}
	want := platformOf(platform)
	if slices.ContainsFunc(im.Others, func(p ocispec.Platform) bool { return p.OS == want.OS && p.Architecture == want.Architecture }) {
		return im, nil
	}
	if want.OS != im.Os || (want.Architecture != "" && want.Architecture != im.Architecture) {
		return nil, notFound("image with reference %s was found but does not match the specified platform: wanted %s, actual: %s/%s",
			ref, platform, im.Os, im.Architecture)
	}
	return im, nil
}

// platformOf reads OS/ARCH/VARIANT; "" is the engine's own.
func platformOf(s string) ocispec.Platform {
	p := ocispec.Platform{OS: "linux", Architecture: architecture}
	parts := strings.Split(s, "/")
	if parts[0] != "" {
		p.OS = parts[0]
	}
	if len(parts) > 1 {
		p.Architecture = parts[1]
	}
	if len(parts) > 2 {
		p.Variant = parts[2]
	}
	return p
}

// validatePlatform refuses a word that is neither a system nor a processor.
func validatePlatform(s string) error {
	known := []string{
		"", "linux", "windows", "darwin", "freebsd", "amd64", "x86_64", "arm64", "aarch64", "arm", "armhf", "386", "i386", "ppc64le", "s390x", "riscv64", "mips64le",
	}
	if strings.Contains(s, "/") || slices.Contains(known, strings.ToLower(s)) {
		return nil
	}
	return bad("%q: unknown operating system or architecture: invalid argument", s)
}

// add keeps an image; one that is there already stays.
func (s *State) add(im *Image) *Image {
	if old, ok := s.Images[im.ID]; ok {
		return old
	}
	im.Created = s.Now
	s.Images[im.ID] = im
	return im
}

// names returns the tags or digests of an image, as people write them.
func (s *State) names(id string) (tags, digests []string) {
	tags, digests = []string{}, []string{}
	for _, ref := range sorted(s.Refs) {
		if s.Refs[ref] != id {
			continue
		}
		named, familiar, err := normalized(ref)
		if err != nil {
			panic("embedded: a reference that was kept cannot be read: " + ref)
		}
		if _, ok := named.(reference.Digested); ok {
			digests = append(digests, familiar)
		} else {
			tags = append(tags, familiar)
		}
		if s.Containerd { // it knows the digest of what was never pulled or pushed, too
			digests = append(digests, reference.FamiliarName(named)+"@"+id)
		}
	}
	slices.Sort(digests)
	return tags, slices.Compact(digests)
}

// inRepository reports whether an image has a name in a repository.
func (s *State) inRepository(id, repo string) bool {
	for ref, is := range s.Refs {
		if named, err := reference.ParseNormalizedNamed(ref); is == id && err == nil && named.Name() == repo {
			return true
		}
	}
	return false
}

// Tag gives an image another name, taking it from the image that had it.
func (s *State) Tag(now time.Time, ref, repo, tag string) error {
	s.at(now)
	im, err := s.Image(ref)
	if err != nil {
		return err
	}
	full := repo
	if tag != "" {
		full += ":" + tag
	}
	named, err := parseRef(full)
	if err != nil {
		return err
	}
	if _, ok := named.(reference.Digested); ok {
		return bad("refusing to create a tag with a digest reference")
	}
	s.tag(im, named)
	return nil
}

func (s *State) tag(im *Image, named reference.Named) {
	s.Refs[key(named)] = im.ID
	im.Tagged = s.Now
	s.imageEvent(im.ID, "tag", reference.FamiliarString(named))
}

// Import makes an image from a file system.
func (s *State) Import(now time.Time, files map[string]File, digest, repo, tag, message, platform string, changes []string) (*Image, error) {
	s.at(now)
	p := platformOf(platform)
	im := &Image{Os: p.OS, Architecture: p.Architecture, Variant: p.Variant, Comment: orWord(message, "Imported from -")}
	if err := applyChanges(&im.Config, changes); err != nil {
		return nil, err
	}
	im.Layers = []string{"sha256:" + digest}
	im.Files, im.Size = keepSmall(files), sizeOf(files)
	im.ID = "sha256:" + hash(append([]string{"import", digest, platform}, changes...)...)
	im.History = []image.HistoryResponseItem{{ID: im.ID, Created: s.Now.Unix(), Comment: im.Comment, Size: im.Size}}
	im = s.add(im)
	if repo != "" {
		full := repo
		if tag != "" {
			full += ":" + tag
		}
		named, err := parseRef(full)
		if err != nil {
			return nil, err
		}
		s.tag(im, named)
	}
	s.imageEvent(im.ID, "import", im.ID)
	return im, nil
}

func sizeOf(files map[string]File) int64 {
	var n int64
	for _, f := range files {
		n += int64(len(f.Data))
	}
	return n
}

// keepSmall leaves out the content of large files: the world lies in one JSON
// document, and a program's binary is never run.
func keepSmall(files map[string]File) map[string]File {
	const most = 64 << 10
	small := map[string]File{}
	for p, f := range files {
		if len(f.Data) <= most {
			small[p] = f
		}
	}
	return small
}

// RemoveImage takes a name from an image, and the image itself with its last
// name. Containers hold their image.
func (s *State) RemoveImage(now time.Time, ref string, force bool) ([]image.DeleteResponse, error) {
	s.at(now)
	im, err := s.Image(ref)
	if err != nil {
		return nil, err
	}
	named, err := parseRef(ref)
	if err == nil && s.Refs[key(named)] == im.ID && im == s.Images[s.Refs[key(named)]] {
		return s.untag(im, named, force)
	}
	tags, digests := s.names(im.ID)
	if repos := repositories(append(tags, digests...)); len(repos) > 1 && !force {
		return nil, conflict("conflict: unable to delete %s (must be forced) - image is referenced in multiple repositories", short(im.ID))
	}
	if err := s.imageHeld(im, force); err != nil {
		return nil, err
	}
	return s.dropImage(im), nil
}

func short(id string) string { return strings.TrimPrefix(id, "sha256:")[:12] }

func repositories(refs []string) []string {
	var repos []string
	for _, r := range refs {
		named, err := reference.ParseNormalizedNamed(r)
		if err == nil && !slices.Contains(repos, named.Name()) {
			repos = append(repos, named.Name())
		}
	}
	return repos
}

func (s *State) untag(im *Image, named reference.Named, force bool) ([]image.DeleteResponse, error) {
	tags, digests := s.names(im.ID)
	last := len(tags) == 1 && !isDigest(named) || len(tags) == 0 && len(digests) == 1
	if last {
		for _, c := range s.byAge() {
			if c.Image == im.ID && !force {
				return nil, conflict("conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s",
					reference.FamiliarString(named), c.ID[:12], short(im.ID))
			}
		}
		if err := s.imageHeld(im, true); err != nil && !force {
			return nil, err
		}
	}
	delete(s.Refs, key(named))
	s.imageEvent(im.ID, "untag", reference.FamiliarString(named))
	gone := []image.DeleteResponse{{Untagged: reference.FamiliarString(named)}}
	gone = append(gone, s.dropDigests(im, named)...)
	tags, digests = s.names(im.ID)
	if len(tags)+len(digests) > 0 || s.usesImage(im.ID) {
		return gone, nil
	}
	return append(gone, s.dropImage(im)...), nil
}

func isDigest(named reference.Named) bool {
	_, ok := named.(reference.Digested)
	return ok
}

// dropDigests takes the digests of a repository away with its last tag.
func (s *State) dropDigests(im *Image, named reference.Named) []image.DeleteResponse {
	var digests []string
	for _, ref := range sorted(s.Refs) {
		n, err := reference.ParseNormalizedNamed(ref)
		if err != nil || s.Refs[ref] != im.ID || n.Name() != named.Name() {
			continue
		}
		if !isDigest(n) {
			return nil
		}
		digests = append(digests, ref)
	}
	var gone []image.DeleteResponse
	for _, ref := range digests {
		delete(s.Refs, ref)
		n, _ := reference.ParseNormalizedNamed(ref)
		gone = append(gone, image.DeleteResponse{Untagged: reference.FamiliarString(n)})
		s.imageEvent(im.ID, "untag", reference.FamiliarString(n))
	}
	return gone
}

func (s *State) usesImage(id string) bool {
	for _, c := range s.Containers {
		if c.Image == id {
			return true
		}
	}
	return false
}

// imageHeld refuses to delete the image of a container: for ever while it runs.
func (s *State) imageHeld(im *Image, force bool) error {
	for _, c := range s.byAge() {
		switch {
		case c.Image != im.ID:
		case c.Run.Running:
			return conflict("conflict: unable to delete %s (cannot be forced) - image is being used by running container %s", short(im.ID), c.ID[:12])
		case !force:
			return conflict("conflict: unable to delete %s (must be forced) - image is being used by stopped container %s", short(im.ID), c.ID[:12])
		}
	}
	return nil
}

func (s *State) dropImage(im *Image) []image.DeleteResponse {
	var gone []image.DeleteResponse
	for _, ref := range sorted(s.Refs) {
		if s.Refs[ref] != im.ID {
			continue
		}
		delete(s.Refs, ref)
		named, _ := reference.ParseNormalizedNamed(ref)
		gone = append(gone, image.DeleteResponse{Untagged: reference.FamiliarString(named)})
		s.imageEvent(im.ID, "untag", reference.FamiliarString(named))
	}
	s.imageEvent(im.ID, "delete", im.ID)
	delete(s.Images, im.ID)
	gone = append(gone, image.DeleteResponse{Deleted: im.ID})
	if parent := s.Images[im.Parent]; parent != nil && s.unused(parent) {
		gone = append(gone, s.dropImage(parent)...)
	}
	return gone
}

// unused reports whether an image has no name, no container and no image built on it.
func (s *State) unused(im *Image) bool {
	tags, digests := s.names(im.ID)
	return len(tags)+len(digests) == 0 && !s.usesImage(im.ID) && !s.hasChild(im)
}

func (s *State) hasChild(im *Image) bool {
	for _, other := range s.Images {
		if other.Parent == im.ID {
			return true
		}
	}
	return false
}

// PruneImages removes images that no container has and, unless all is set,
// that have no name.
func (s *State) PruneImages(now time.Time, all bool, match func(*Image) bool) []image.DeleteResponse {
	s.at(now)
	var gone []image.DeleteResponse
	for _, id := range sorted(s.Images) {
		if s.Images[id] == nil { // gone with an image built on it
			continue
		}
		tags, _ := s.names(id)
		if s.usesImage(id) || s.hasChild(s.Images[id]) || (len(tags) > 0 && !all) || !match(s.Images[id]) {
			continue
		}
		gone = append(gone, s.dropImage(s.Images[id])...)
	}
	return gone
}
