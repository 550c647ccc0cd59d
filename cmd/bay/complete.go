package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

// completeWithin is how long a shell waits for an engine to answer, and
// completeAtMost for all that a completion does.
const (
	completeWithin = 2 * time.Second
	completeAtMost = 3 * time.Second
)

// completeBash is the command that bash asks, as it asks cobra's for the others.
const completeBash = "__completeBash"

// completing reports whether a shell asks how a line could go on.
func completing(args []string) bool {
	return len(args) > 0 && (args[0] == completeBash || args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// giveUp ends a completion that takes too long: a shell stands still for it.
func giveUp() { os.Exit(exitError) }

// completionScripts write what makes a shell ask bay, by shell.
func completionScripts() map[string]func(*cobra.Command, io.Writer) error {
	return map[string]func(*cobra.Command, io.Writer) error{
		"bash": func(root *cobra.Command, w io.Writer) error {
			_, err := io.WriteString(w, bashScript(root.Name()))
			return err
		},
		"zsh":        (*cobra.Command).GenZshCompletion,
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	}
}

// completionCmd prints the scripts by which shells ask bay.
func (a *app) completionCmd() *cobra.Command {
	scripts := completionScripts()
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print what makes a shell complete bay's words",
		Long: `Completion prints a script for bash, zsh, fish or powershell. A shell that has read
it completes commands and flags, and addresses from what lives of the stack: its
engine has two seconds to answer. "make install" puts the scripts where shells
look for them by themselves.`,
		Example: `  source <(bay completion bash)                                 # this shell
  bay completion bash > ~/.local/share/bash-completion/completions/bay
  bay completion zsh > "${fpath[1]}/_bay"                       # then begin a new shell
  bay completion fish > ~/.config/fish/completions/bay.fish`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || scripts[args[0]] == nil {
				return misuse("want one SHELL of bash, zsh, fish and powershell, got %q", args)
			}
			return nil
		},
		RunE:      func(cmd *cobra.Command, args []string) error { return scripts[args[0]](cmd.Root(), a.out.bare()) },
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
	}
}

// completeBashCmd answers bash. It is told what ends words, what kind of
// completion it is, and the line up to the cursor; it prints how files are
// completed, and then words, each behind a +.
func (a *app) completeBashCmd() *cobra.Command {
	return &cobra.Command{
		Use:                completeBash,
		Hidden:             true,
		DisableFlagParsing: true,
		Args:               cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, args []string) error {
			line := parseLine(args[2], args[0])
			if line.file || len(line.words) < 2 {
				_, err := fmt.Fprintln(a.out.bare(), ":files")
				return err
			}
			found, directive := a.suggest(line.words[1:])
			_, err := io.WriteString(a.out.bare(), line.answer(found, directive, args[1] == listing))
			return err
		},
	}
}

// listing is bash's word for a list that nothing is taken from.
const listing = "63"

// suggest asks cobra how words could go on.
func (a *app) suggest(words []string) ([]string, cobra.ShellCompDirective) {
	var out bytes.Buffer
	root := a.root()
	root.SetArgs(append([]string{cobra.ShellCompRequestCmd}, words...))
	root.SetOut(&out)
	root.SetErr(io.Discard)
	if err := root.Execute(); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	last := len(lines) - 1
	n, err := strconv.Atoi(strings.TrimPrefix(lines[last], ":"))
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return lines[:last], cobra.ShellCompDirective(n)
}

// answer writes what bash is told. Where it only lists, words have what they are
// behind them.
func (l shellLine) answer(found []string, directive cobra.ShellCompDirective, listing bool) string {
	var b strings.Builder
	switch {
	case directive&cobra.ShellCompDirectiveFilterDirs != 0:
		b.WriteString(":dirs\n")
		found = nil
	case directive&(cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveError) != 0:
		b.WriteString(":none\n")
	default:
		b.WriteString(":files\n")
	}
	if directive&cobra.ShellCompDirectiveNoSpace != 0 {
		b.WriteString(":nospace\n")
	}
	flag := "" // of --flag=value, since cobra completes the value
	if last := l.words[len(l.words)-1]; strings.HasPrefix(last, "-") {
		if i := strings.IndexByte(last, '='); i > 0 {
			flag = last[:i+1]
		}
	}
	var words []string
	for _, text := range found {
		word, says, _ := strings.Cut(text, "\t")
		if reply, ok := l.reply(flag + word); ok && !listing {
			words = append(words, reply)
		} else if ok {
			words = append(words, strings.TrimSuffix(word+"\t"+says, "\t"))
		}
	}
	if listing && len(words) > 1 {
		words = aligned(words)
	}
	for _, word := range words {
		fmt.Fprintf(&b, "+%s\n", word)
	}
	return b.String()
}

// aligned puts what words say in a column.
func aligned(words []string) []string {
	wide := 0
	for _, w := range words {
		word, _, _ := strings.Cut(w, "\t")
		wide = max(wide, len(word))
	}
	var out []string
	for _, w := range words {
		if word, says, has := strings.Cut(w, "\t"); has {
			w = fmt.Sprintf("%-*s  (%s)", wide, word, says)
		}
		out = append(out, w)
	}
	return out
}

// completions adds what flags can be completed with.
func (a *app) completions(root *cobra.Command) {
	for name, f := range map[string]cobra.CompletionFunc{"engine": completeEngines, "stack": a.completeStacks, "var": a.completeVars} {
		flagFunc(root, name, f)
	}
	if err := root.MarkPersistentFlagDirname("dir"); err != nil {
		panic("bay: completion of --dir: " + err.Error())
	}
}

// completeVars completes the names of the program's variables.
func (a *app) completeVars(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	dir, _ := a.dirFirst(args)
	m, diags, _, err := a.bay.Outline(dir)
	if err != nil || diags.HasErrors() || strings.Contains(begun, "=") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, in := range m.Inputs {
		out = append(out, in.Name+"=\t"+strings.TrimSpace(in.Type+" "+in.Description))
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completePushed completes the tags that the images of the arguments, or all, are
// pushed by.
func (a *app) completePushed(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	dir, of := a.dirFirst(args)
	prog, _, err := a.stackIn(dir)
	if err != nil || prog == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, r := range prog.Resources {
		short := strings.TrimPrefix(r.Addr.String(), r.Addr.Kind+".")
		if len(of) == 0 || slices.Contains(of, r.Addr.String()) || slices.Contains(of, short) {
			out = append(out, a.bay.Pushes(prog, r.Addr)...)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeData completes addresses of what holds data and lives: what the files
// declare, or what they do not.
func (a *app) completeData(declared bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		a.common.dir, _ = a.dirFirst(args)
		return a.completeFrom(func(t *aim) (out []string) {
			for _, o := range t.all {
				data := slices.ContainsFunc(a.bay.Kinds, func(k kind.Kind) bool { return k.Schema().Name == o.Addr.Kind && k.Data() })
				if known := t.prog != nil && t.prog.Resource(o.Addr) != nil; data && o.Stack == t.stack && known == declared && strings.HasPrefix(o.Addr.String(), typed(begun)) {
					out = append(out, diag.Escape(o.Addr.String())+"\t"+diag.Escape(o.Name))
				}
			}
			return out
		})
	}
}

// flagFunc completes a flag's value with what f returns.
func flagFunc(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic("bay: completion of --" + flag + ": " + err.Error())
	}
}

// completeFlag completes a flag's value with words, each with what it says behind
// a tab.
func completeFlag(cmd *cobra.Command, flag string, words ...string) {
	flagFunc(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// completePatterns completes whole addresses from what the files declare, in the
// directory that stands before them or in this one; kind is "" for all.
func (a *app) completePatterns(kind string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		dir, rest := a.dirFirst(args)
		prog, _, err := a.stackIn(dir)
		if err != nil || prog == nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var out []string
		for _, r := range prog.Resources {
			for _, text := range []string{r.Addr.Base().String(), r.Addr.String()} {
				if (kind == "" || r.Addr.Kind == kind) && strings.HasPrefix(text, typed(begun)) && !slices.Contains(out, text) && !slices.Contains(rest, text) {
					out = append(out, text)
				}
			}
		}
		return out, cobra.ShellCompDirectiveDefault // a directory may come, too
	}
}

// patternFlags completes flags that take a PATTERN.
func (a *app) patternFlags(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		complete := a.completePatterns("")
		flagFunc(cmd, flag, func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			found, _ := complete(cmd, args, begun)
			return found, cobra.ShellCompDirectiveNoFileComp
		})
	}
}

func completeEngines(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	names, err := engine.Contexts()
	if err != nil {
		names = nil // what is built in can be completed all the same
	}
	return append([]string{"embedded\tan engine inside of bay"}, names...), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeStacks(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	e, err := interpreter.Connect(ctx, a.common.engine)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer e.Close()
	objects, err := verb.List(ctx, e.Reader())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, o := range objects {
		names = append(names, diag.Escape(o.Stack))
	}
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}
