package embedded

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

func (c *call) imageList(string) error {
	args, err := c.filters("dangling", "label", "before", "since", "reference", "until")
	if err != nil {
		return err
	}
	var found []image.Summary
	err = c.read(func(s *State, _ time.Time) (err error) {
		found, err = s.listImages(c.v, c.flag("all"), args)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, found)
}

// listImages returns the images that pass a list's filters, the newest first;
// all takes along the steps on the way to others.
func (s *State) listImages(v Version, all bool, args filters.Args) ([]image.Summary, error) {
	found := []image.Summary{}
	for _, id := range sorted(s.Images) {
		im := s.Images[id]
		ok, err := s.imageFits(im, args)
		if err != nil {
			return nil, err
		}
		if tags, digests := s.names(id); !all && len(tags)+len(digests) == 0 && s.hasChild(im) {
			ok = false // a step on the way to another
		}
		if ok {
			found = append(found, *copied(ptr(s.imageSummary(v, im))))
		}
	}
	slices.SortStableFunc(found, func(a, b image.Summary) int { return int(b.Created - a.Created) })
	return found, nil
}

func (s *State) imageFits(im *Image, args filters.Args) (bool, error) {
	tags, digests := s.names(im.ID)
	if !args.MatchKVList("label", im.Config.Labels) {
		return false, nil
	}
	if args.Contains("dangling") {
		want, err := args.GetBoolOrDefault("dangling", false)
		if err != nil {
			return false, bad("%s", err)
		}
		if want != (len(tags) == 0) {
			return false, nil
		}
	}
	for _, other := range []struct {
		key   string
		later int
	}{{"before", -1}, {"since", 1}} {
		for _, ref := range args.Get(other.key) {
			o, err := s.Image(ref)
			if err != nil {
				return false, err
			}
			if im.Created.Compare(o.Created) != other.later {
				return false, nil
			}
		}
	}
	if !args.Contains("reference") {
		return true, nil
	}
	for _, pattern := range args.Get("reference") {
		for _, name := range append(tags, digests...) {
			named, _, err := normalized(name)
			if err != nil {
				continue
			}
			if ok, err := reference.FamiliarMatch(pattern, named); err == nil && ok {
				return true, nil
			}
		}
	}
	return false, nil
}

// inspectable finds an image to inspect; engines before 23 have other words for
// one that is not there.
func (s *State) inspectable(ref string) (*Image, error) {
	im, err := s.Image(ref)
	if err != nil && s.Version < 42 {
		return nil, notFound("no such image: %s: %s", ref, err)
	}
	return im, err
}

func (c *call) imageInspect(ref string) error {
	var doc map[string]any
	err := c.read(func(s *State, _ time.Time) error {
		im, err := s.inspectable(ref)
		if err == nil {
			doc = *copied(ptr(s.inspectImage(c.v, im)))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

func (c *call) imageHistory(ref string) error {
	doc := []image.HistoryResponseItem{}
	err := c.read(func(s *State, _ time.Time) error {
		im, err := s.Image(ref)
		if err != nil {
			return err
		}
		doc = append(doc, im.History...)
		if len(doc) > 0 {
			doc[0].Tags, _ = s.names(im.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

// messages answers with a stream of JSON lines.
func (c *call) messages(log []Message) error {
	c.out.Header().Set("Content-Type", "application/json")
	c.out.WriteHeader(http.StatusOK)
	_, _ = c.out.Write(lines(log)) // whoever left does not hear it
	return nil
}

// lines writes messages as JSON, one a line.
func lines(log []Message) []byte {
	var out bytes.Buffer
	for _, m := range log {
		line, err := json.Marshal(m)
		if err != nil {
			panic("embedded: a message is no JSON: " + err.Error())
		}
		out.Write(append(line, "\r\n"...))
	}
	return out.Bytes()
}

// imageCreate pulls, or imports the body.
func (c *call) imageCreate(string) error {
	if src := c.query("fromSrc"); src != "" {
		return c.imageImport(src)
	}
	var log []Message
	err := c.change(func(s *State, now time.Time) (err error) {
		log, err = s.Pull(now, c.query("fromImage"), c.query("tag"), c.query("platform"))
		return err
	})
	if err != nil {
		return err
	}
	return c.messages(log)
}

func (c *call) imageImport(src string) error {
	if src != "-" {
		return bad("the embedded engine imports what it is sent, not %s", src)
	}
	h := sha256.New()
	body := io.TeeReader(c.req.Body, h)
	files, err := ReadTar(body)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return bad("reading the archive: %s", err)
	}
	var im *Image
	err = c.change(func(s *State, now time.Time) (err error) {
		im, err = s.Import(now, files, hex.EncodeToString(h.Sum(nil)), c.query("repo"), c.query("tag"), c.query("message"),
			c.query("platform"), c.req.URL.Query()["changes"])
		return err
	})
	if err != nil {
		return err
	}
	return c.messages([]Message{{Status: im.ID}})
}

func (c *call) imageTag(ref string) error {
	return c.changed(http.StatusCreated, func(s *State, now time.Time) error { return s.Tag(now, ref, c.query("repo"), c.query("tag")) })
}

func (c *call) imagePush(ref string) error {
	var log []Message
	err := c.change(func(s *State, now time.Time) (err error) {
		log, err = s.Push(now, ref, c.query("tag"))
		return err
	})
	if err != nil {
		return err
	}
	return c.messages(log)
}

func (c *call) imageRemove(ref string) error {
	var gone []image.DeleteResponse
	err := c.change(func(s *State, now time.Time) (err error) {
		gone, err = s.RemoveImage(now, ref, c.flag("force"))
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, gone)
}

func (c *call) imagePrune(string) error {
	args, err := c.filters("dangling", "label", "label!", "until")
	if err != nil {
		return err
	}
	dangling, err := args.GetBoolOrDefault("dangling", true)
	if err != nil {
		return bad("%s", err)
	}
	var gone []image.DeleteResponse
	err = c.change(func(s *State, now time.Time) error {
		until, err := untilFilter(args, now)
		if err != nil {
			return err
		}
		gone = s.PruneImages(now, !dangling, func(im *Image) bool {
			return pruned(args, im.Config.Labels) && (until.IsZero() || im.Created.Before(until))
		})
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, image.PruneReport{ImagesDeleted: gone})
}

func (c *call) distribution(ref string) error {
	var doc registry.DistributionInspect
	err := c.read(func(s *State, _ time.Time) (err error) {
		doc, err = s.Distribution(ref)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

func (c *call) imageBuild(string) error {
	if c.query("version") == "2" {
		return bad("the embedded engine builds with the classic builder alone, not with BuildKit")
	}
	b := Build{
		Dockerfile: c.query("dockerfile"), Tags: c.req.URL.Query()["t"], Target: c.query("target"),
		Platform: c.query("platform"), NoCache: c.flag("nocache"), Args: map[string]string{},
	}
	var args map[string]*string
	if err := errors.Join(c.json("buildargs", &args), c.json("labels", &b.Labels)); err != nil {
		return bad("%s", err)
	}
	for k, v := range args {
		if v != nil {
			b.Args[k] = *v
		}
	}
	files, err := ReadTar(c.req.Body)
	if err != nil {
		return err
	}
	if b.Context, err = leaveOut(files, b.Dockerfile); err != nil {
		return err
	}
	var log []Message
	err = c.change(func(s *State, now time.Time) (err error) {
		log, err = s.BuildImage(now, b)
		return err
	})
	if err != nil {
		return err
	}
	return c.messages(log)
}

// json reads a query parameter that is JSON; an empty one leaves into as it is.
func (c *call) json(name string, into any) error {
	text := c.query(name)
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// leaveOut takes out of a context what its .dockerignore names, but for the
// Dockerfile itself.
func leaveOut(files map[string]File, dockerfile string) (map[string]File, error) {
	ignore, ok := files[".dockerignore"]
	if !ok {
		return files, nil
	}
	patterns, err := ignorefile.ReadAll(strings.NewReader(string(ignore.Data)))
	if err != nil {
		return nil, bad("Error reading .dockerignore: %s", err)
	}
	m, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, bad("Error reading .dockerignore: %s", err)
	}
	keep := map[string]File{}
	for name, f := range files {
		out, err := m.MatchesOrParentMatches(name)
		if err != nil {
			return nil, bad("Error reading .dockerignore: %s", err)
		}
		if !out || name == orWord(dockerfile, "Dockerfile") {
			keep[name] = f
		}
	}
	return keep, nil
}

func (c *call) diskUsage(string) error {
	doc := map[string]any{}
	err := c.read(func(s *State, _ time.Time) error {
		var size int64
		images := []image.Summary{}
		for _, id := range sorted(s.Images) {
			size += s.Images[id].Size
			images = append(images, *copied(ptr(s.imageSummary(c.v, s.Images[id]))))
		}
		doc["LayersSize"], doc["Images"] = size, images
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}
