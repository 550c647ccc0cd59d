package golden

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mate is the account of the test's registry; the second is its line of htpasswd.
const (
	mate     = "mate:s3cret-of-the-mate"
	htpasswd = "mate:$2a$05$Axo9.Dyu1gqTljcLILuiXuB72rWb20rwKE35OeLWRT2rxVYUz3veu\n"
)

// newDistribution starts the registry that Debian has, which lets in the mate,
// and returns its host.
func newDistribution(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("docker-registry is not installed, and .ci/run should have: apt-get install docker-registry")
		}
		t.Skip("NO docker-registry HERE, this test checks nothing: apt-get install docker-registry")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"htpasswd": htpasswd,
		"config.yml": fmt.Sprintf(`version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: %q } }
http: { addr: %q }
auth: { htpasswd: { realm: harbour, path: %q } }
`, filepath.Join(dir, "images"), host, filepath.Join(dir, "htpasswd")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said strings.Builder
	cmd := exec.Command(program, "serve", filepath.Join(dir, "config.yml"))
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	for range 300 {
		if resp, err := http.Get("http://" + host + "/v2/"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusUnauthorized {
				return host
			}
		}
		select {
		case <-ended:
			t.Fatalf("the registry has ended:\n%s", said.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("the registry did not come up within 30 s")
	return ""
}

// An image goes to a registry that wants a login and comes back, as an account
// that `docker login` stored; nobody else gets it, and no password is seen.
func TestDistribution(t *testing.T) {
	t.Parallel()
	if *lane != "real" {
		t.Skip("only a Docker Engine talks to registries")
	}
	host := newDistribution(t)
	w := newWorkshop(t)
	config := func(account string) []string {
		dir := t.TempDir()
		text := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte(account)))
		if account == "" {
			text = "{}"
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"DOCKER_CONFIG=" + dir}
	}
	in, tags := config(mate), []string{host + "/" + w.word + "/app:1.0", host + "/" + w.word + "/app:latest"}
	var shown strings.Builder
	bay := func(code int, env []string, args ...string) string {
		t.Helper()
		out := w.fails(t, code, env, args...)
		shown.WriteString(out)
		return out
	}
	w.say(fmt.Sprintf(`stack { name = "harbour" }
image "app" {
  build = { context = "./probe" }
  tags  = [%q, %q]
  push  = true
}
`, tags[0], tags[1]))
	if out := bay(3, config(""), "apply", "--yes"); !strings.Contains(out, host+" was asked without an account: `docker login "+host+"` stores one") {
		t.Errorf("without an account:\n%s", out)
	}
	if out := bay(1, config("mate:another"), "push", "--yes"); !strings.Contains(out, host+` was asked as "mate", from the docker configuration`) {
		t.Errorf("with another password:\n%s", out)
	}
	bay(0, in, "apply", "--yes", "-v")
	if out := bay(0, in, "push"); !strings.Contains(out, "Nothing to push") {
		t.Errorf("what was pushed is not there:\n%s", out)
	}
	for _, tag := range tags {
		w.hand(t, "untag", tag)
	}
	bay(0, in, "gc", "--stack", w.word, "--yes")
	w.say(fmt.Sprintf(`stack { name = "harbour" }
image "app" { pull = %q }
container "app" {
  image        = image.app
  network_mode = "none"
  env          = { DIGEST = image.app.digest }
}
output "digest" { value = image.app.digest }
`, tags[0]))
	if out := bay(1, config(""), "plan"); !strings.Contains(out, "was asked without an account") {
		t.Errorf("a plan without an account:\n%s", out)
	}
	if out := bay(0, in, "plan"); !strings.Contains(out, "digest  sha256:") {
		t.Errorf("the plan does not tell the digest:\n%s", out)
	}
	bay(0, in, "apply", "--yes", "-v")
	digest := strings.TrimSpace(bay(0, in, "output", "digest"))
	req, err := http.NewRequest("HEAD", fmt.Sprintf("http://%s/v2/%s/app/manifests/1.0", host, w.word), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json")
	user, password, _ := strings.Cut(mate, ":")
	req.SetBasicAuth(user, password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Docker-Content-Digest"); got != digest || digest == "" {
		t.Errorf("bay runs %q, and the registry has %q", digest, got)
	}
	if found := (canaries{"password": password}).found(shown.String()); len(found) > 0 {
		t.Errorf("what bay prints holds %v", found)
	}
}
