package load

import (
	"strings"
	"testing"

	"bayplan/lang/ir"
	"bayplan/lang/load/loadtest"
)

// TestLogins has accounts at registries in both languages, and what is said of
// them.
func TestLogins(t *testing.T) {
	secret := "variable \"pw\" {\n type = string\n sensitive = true\n}\n"
	secretStar := "pw = variable(\"pw\", type = \"string\", sensitive = True)\n"
	for _, c := range []struct {
		name, hcl, star, want string
	}{
		{"one", secret + "registry \"ghcr.io\" {\n username = \"me\"\n password = var.pw\n}", secretStar + "registry(\"ghcr.io\", username = \"me\", password = pw)", "ghcr.io as me"},
		{"before its variable", "registry \"127.0.0.1:5000\" {\n username = \"me\"\n password = var.pw\n}\n" + secret, secretStar + "registry(host = \"127.0.0.1:5000\", username = \"me\", password = pw)", "127.0.0.1:5000 as me"},
		{"text with a secret in it", secret + "registry \"localhost\" {\n username = \"me\"\n password = \"x${var.pw}\"\n}", secretStar + "registry(\"localhost\", username = \"me\", password = \"x\" + pw)", "localhost as me"},
		{"Docker Hub by another name", secret + "registry \"https://index.docker.io/v1/\" {\n username = \"me\"\n password = var.pw\n}", secretStar + "registry(\"https://index.docker.io/v1/\", username = \"me\", password = pw)", "docker.io as me"},
		{"plain text", "registry \"ghcr.io\" {\n username = \"me\"\n password = \"pl4in\"\n}", "registry(\"ghcr.io\", username = \"me\", password = \"pl4in\")", `warning: registry "ghcr.io": the password stands in the program as plain text; ghcr.io as me`},
		{"twice", secret + "registry \"ghcr.io\" {\n username = \"me\"\n password = var.pw\n}\nregistry \"ghcr.io\" {\n username = \"you\"\n password = var.pw\n}",
			secretStar + "registry(\"ghcr.io\", username = \"me\", password = pw)\nregistry(\"ghcr.io\", username = \"you\", password = pw)", `registry "ghcr.io": declared twice`},
		{"twice by two names", secret + "registry \"docker.io\" {\n username = \"me\"\n password = var.pw\n}\nregistry \"index.docker.io\" {\n username = \"you\"\n password = var.pw\n}",
			secretStar + "registry(\"docker.io\", username = \"me\", password = pw)\nregistry(\"index.docker.io\", username = \"you\", password = pw)", `registry "index.docker.io": declared twice`},
		{"an address with a scheme", "registry \"https://ghcr.io\" {\n username = \"me\"\n password = \"\"\n}", "registry(\"https://ghcr.io\", username = \"me\", password = \"\")", `registry "https://ghcr.io": password is empty; registry: got "https://ghcr.io", want the host alone: "ghcr.io"`},
		{"a repository", secret + "registry \"ghcr.io/me\" {\n username = \"me\"\n password = var.pw\n}", secretStar + "registry(\"ghcr.io/me\", username = \"me\", password = pw)", `registry: got "ghcr.io/me", want the host alone: "ghcr.io"`},
		{"no host", secret + "registry \"my registry\" {\n username = \"me\"\n password = var.pw\n}", secretStar + "registry(\"my registry\", username = \"me\", password = pw)", `registry: got "my registry", want the host of a registry such as "ghcr.io"`},
		{"a word", secret + "registry \"ghcr\" {\n username = \"me\"\n password = var.pw\n}", secretStar + "registry(\"ghcr\", username = \"me\", password = pw)", `registry: got "ghcr", which has neither a dot nor a port`},
		{"no password", "registry \"ghcr.io\" { username = \"me\" }", "registry(\"ghcr.io\", username = \"me\")", `registry "ghcr.io": "password" is missing`},
		{"another tool's name", secret + "registry \"ghcr.io\" {\n user = \"me\"\n password = var.pw\n}", secretStar + "registry(\"ghcr.io\", user = \"me\", password = pw)", "unknown attribute \"user\""},
		{"a list", secret + "registry \"ghcr.io\" {\n username = [\"me\"]\n password = var.pw\n}", secretStar + "registry(\"ghcr.io\", username = [\"me\"], password = pw)", "username: got"},
		{"what an engine knows", "container \"c\" {}\nregistry \"ghcr.io\" {\n username = \"me\"\n password = container.c.ip\n}", "c = container(\"c\")\nregistry(\"ghcr.io\", username = \"me\", password = c.ip)", "password holds what only a running engine knows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var vars []Var
			if strings.Contains(c.hcl, secret) {
				vars = []Var{{Name: "pw", Value: "s3cret"}}
			}
			hcl, star := both(t, loadtest.Universe(), map[string]string{
				"main.bay.hcl": "stack { name = \"shop\" }\n" + c.hcl, "main.bay.star": "stack(name = \"shop\")\n" + c.star,
			}, vars...)
			a, b := loginsOf(hcl), loginsOf(star)
			if a != b {
				t.Errorf("HCL says      %s\nStarlark says %s", a, b)
			}
			if !strings.Contains(a, c.want) || strings.Contains(a+b, "s3cret") || strings.Contains(a+b, "pl4in") {
				t.Errorf("got %s\nwant %s", a, c.want)
			}
		})
	}
}

// loginsOf writes what was said, and the accounts.
func loginsOf(r Result) string {
	var out []string
	for _, d := range r.Diags {
		if d.Warning {
			d.Msg = "warning: " + d.Msg
		}
		out = append(out, d.Msg)
	}
	if r.Program != nil {
		for _, l := range r.Program.Logins {
			out = append(out, l.Host+" as "+l.Username.Str)
		}
	}
	return strings.Join(out, "; ")
}

// Whatever else is wrong with a program, its passwords are told, so that nothing
// shows them.
func TestLoginsAreHidden(t *testing.T) {
	write(t, map[string]string{
		"main.bay.hcl": "stack { name = \"shop\" }\nregistry \"ghcr.io\" {\n username = \"me\"\n password = \"pl4in-text\"\n}\ncontainer \"c\" { memory = \"lots\" }\n",
	})
	var told []string
	r := Load(Options{Universe: loadtest.Universe(), Path: ".", Secret: func(v ir.Value) { v.Secrets(func(s string) { told = append(told, s) }) }})
	if !r.Diags.HasErrors() || strings.Join(told, " ") != "pl4in-text" {
		t.Errorf("told %q, %v", told, r.Diags)
	}
}

// The lock file beside the body is part of the program, in either language.
func TestLock(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	files := map[string]string{
		"main.bay.hcl": "stack { name = \"shop\" }\n", "main.bay.star": "stack(name = \"shop\")\n",
		"bay.lock": "# x\ncontainer some:1 " + digest + "\nelse what ever\n",
	}
	hcl, star := both(t, loadtest.Universe(), files)
	for _, r := range []Result{hcl, star} {
		if r.Diags.HasErrors() || r.Program.Pinned("container")["some:1"] != digest || len(r.Program.Pinned("else")) > 0 {
			t.Errorf("%v", r.Diags)
		}
	}
	files["bay.lock"] = "container some:1\n"
	hcl, star = both(t, loadtest.Universe(), files)
	for _, r := range []Result{hcl, star} {
		if len(r.Diags) != 1 || !strings.Contains(r.Diags.Error(), "bay.lock:1:1: a line about container has 2 words") || r.Sources["bay.lock"] == nil {
			t.Errorf("%v", r.Diags)
		}
	}
}
