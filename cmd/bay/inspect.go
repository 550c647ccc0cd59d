package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"text/template"

	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

func (a *app) inspectCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "inspect ADDRESS...",
		Short: "Print what the engine says of containers, images, networks and volumes",
		Long: `Inspect prints the engine's own JSON, a list as docker inspect prints it. It holds
what the container was given, secrets in its environment too. What is short for a
container and for something else is the container: image.web is its image.

` + aimHelp,
		Example: `  bay inspect web
  bay inspect web --format '{{.State.Status}}'
  bay inspect image.web --format '{{json .Config.Env}}'
  bay inspect network.back --format '{{json .Containers}}'`,
		Args: atLeast(1, "an ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inspect(cmd.Context(), args, format)
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", templateHelp)
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{})
	return cmd
}

// atLeast refuses fewer arguments than n. what says what they are.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < n {
			return misuse("want %s", what)
		}
		return nil
	}
}

func (a *app) inspect(ctx context.Context, words []string, format string) error {
	t, err := templateOf(format)
	if err != nil {
		return err
	}
	at, err := a.aim(ctx)
	if err != nil {
		return err
	}
	defer at.engine.Close()
	var known []ir.Addr
	if at.prog != nil {
		for _, r := range at.prog.Resources {
			known = append(known, r.Addr)
		}
	}
	if at.all, err = verb.WithImages(ctx, at.engine.Reader(), at.all, known); err != nil {
		return err
	}
	var objects []verb.Object
	for _, word := range words {
		found, _, err := verb.Declared(at.all, verb.Choice{Stack: at.stack, Words: []string{word}})
		if err != nil {
			return a.unclear(at, err)
		}
		objects = append(objects, found...)
	}
	docs := []any{}
	for _, o := range objects {
		doc, err := verb.Inspect(ctx, at.engine.Reader(), o)
		if err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	if t != nil {
		return fillInEither(a.out, t, docs)
	}
	return show.WriteJSON(a.out, docs)
}

// fillInEither is fillIn for what has names in Go and others in JSON: both are
// taken, as docker inspect does.
func fillInEither(w io.Writer, t *template.Template, docs []any) error {
	var b bytes.Buffer
	err := fillIn(&b, t, docs)
	if err == nil {
		_, err = w.Write(b.Bytes())
		return err
	}
	var plain []any
	for _, doc := range docs {
		data, jerr := json.Marshal(doc)
		if jerr != nil {
			return err
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var x any
		if dec.Decode(&x) != nil {
			return err
		}
		plain = append(plain, x)
	}
	b.Reset()
	if fillIn(&b, t, plain) != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}
