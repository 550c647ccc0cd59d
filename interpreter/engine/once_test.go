package engine

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"
)

// What was begun ahead counts for the next plan, and for no other; nor for one that
// comes late.
func TestLookAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := map[string]int{}
		e := over(t, answers(func(r *http.Request) io.Reader {
			mu.Lock()
			defer mu.Unlock()
			what := strings.TrimPrefix(r.URL.Path, "/v1.41/")
			asked[what]++
			if what == "volumes" {
				return strings.NewReader("{}")
			}
			return strings.NewReader("[]")
		}), Limits{})
		read := func(r Reader) {
			t.Helper()
			ctx := t.Context()
			_, err1 := r.ContainerList(ctx, container.ListOptions{All: true})
			_, err2 := r.NetworkList(ctx, network.ListOptions{})
			_, err3 := r.VolumeList(ctx, volume.ListOptions{})
			_, err4 := r.ImageList(ctx, image.ListOptions{})
			for _, err := range []error{err1, err2, err3, err4} {
				if err != nil {
					t.Error(err)
				}
			}
		}
		holds := func(times int, when string) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			want := map[string]int{"containers/json": times, "networks": times, "volumes": times, "images/json": times}
			if diff := cmp.Diff(want, maps.Clone(asked)); diff != "" {
				t.Errorf("%s:\n%s", when, diff)
			}
		}
		e.LookAhead(t.Context())
		synctest.Wait()
		holds(1, "begun ahead")
		r := e.Snapshot()
		read(r)
		read(r)
		holds(1, "the first plan")
		read(e.Snapshot())
		holds(2, "the next plan")
		e.LookAhead(t.Context())
		time.Sleep(stillNew + time.Second)
		read(e.Snapshot())
		holds(4, "a plan that comes late")
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Of what was begun nothing goes on when the engine is closed.
func TestLookAheadEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open sync.WaitGroup
		open.Add(4)
		e := over(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			open.Done()
			return nil, context.Cause(r.Context())
		}, Limits{})
		e.LookAhead(t.Context())
		synctest.Wait()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		open.Wait() // else the test's goroutines are all blocked
	})
}

// A container or an image that several want to know is asked for once.
func TestOnceInspected(t *testing.T) {
	asked := map[string]int{}
	e := over(t, answers(func(r *http.Request) io.Reader {
		asked[strings.TrimPrefix(r.URL.Path, "/v1.41/")]++
		return strings.NewReader("{}")
	}), Limits{})
	r := Once(e.client)
	for _, name := range []string{"a", "b", "a"} {
		_, err1 := r.ContainerInspect(t.Context(), name)
		_, err2 := r.ImageInspect(t.Context(), name)
		if err1 != nil || err2 != nil {
			t.Error(err1, err2)
		}
	}
	want := map[string]int{"containers/a/json": 1, "containers/b/json": 1, "images/a/json": 1, "images/b/json": 1}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
