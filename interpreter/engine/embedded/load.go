package embedded

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
)

// Load makes the images of an archive in the form of docker save. An image's
// ID is the hash of its configuration, so that one that is there already stays.
func (s *State) Load(now time.Time, files map[string]File) ([]Message, error) {
	s.at(now)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"].Data, &manifest); err != nil {
		return nil, bad("invalid archive: manifest.json: %s", err)
	}
	var log []Message
	for _, m := range manifest {
		im, err := s.loaded(files, m.Config, m.Layers)
		if err != nil {
			return nil, err
		}
		im = s.add(im)
		for _, name := range m.RepoTags {
			named, err := reference.ParseNormalizedNamed(name)
			if err != nil {
				return nil, bad("invalid tag %q", name)
			}
			s.tag(im, reference.TagNameOnly(named))
			log = append(log, Message{Stream: "Loaded image: " + name + "\n"})
		}
		s.imageEvent(im.ID, "load", im.ID)
	}
	return log, nil
}

// loaded reads one image of an archive.
func (s *State) loaded(files map[string]File, config string, layers []string) (*Image, error) {
	var doc struct {
		Architecture, Os, Variant string
		Config                    container.Config
	}
	data := files[config].Data
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, bad("invalid archive: %s: %s", config, err)
	}
	sum := sha256.Sum256(data)
	im := &Image{ID: "sha256:" + hex.EncodeToString(sum[:]), Os: doc.Os, Architecture: doc.Architecture, Variant: doc.Variant, Config: doc.Config}
	all := map[string]File{}
	for _, name := range layers {
		layer, err := ReadTar(bytes.NewReader(files[name].Data))
		if err != nil {
			return nil, err
		}
		maps.Copy(all, layer)
		sum := sha256.Sum256(files[name].Data)
		im.Layers = append(im.Layers, "sha256:"+hex.EncodeToString(sum[:]))
	}
	im.Files, im.Size = keepSmall(all), sizeOf(all)
	im.History = []image.HistoryResponseItem{{ID: im.ID, Created: s.Now.Unix(), Size: im.Size}}
	return im, nil
}

func (c *call) imageLoad(string) error {
	files, err := ReadTar(c.req.Body)
	if err != nil {
		return err
	}
	var log []Message
	err = c.change(func(s *State, now time.Time) (err error) {
		log, err = s.Load(now, files)
		return err
	})
	if err != nil {
		return err
	}
	return c.messages(log)
}
