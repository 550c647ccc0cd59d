package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
)

// templateHelp is what --format takes, in the help of each verb that has it.
const templateHelp = "a Go `TEMPLATE` for each; json, join, split, lower and upper are there as in docker's"

// templateOf reads a --format; nil where none was given. As in docker's, \n and
// \t stand for what they say.
func templateOf(text string) (*template.Template, error) {
	if text == "" {
		return nil, nil
	}
	t, err := template.New("format").Funcs(template.FuncMap{
		"json": func(v any) (string, error) {
			data, err := json.Marshal(v)
			return string(data), err
		},
		"join": strings.Join, "split": strings.Split, "lower": strings.ToLower, "upper": strings.ToUpper,
	}).Option("missingkey=error").Parse(strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(text))
	if err != nil {
		return nil, misuse("--format: %v", strings.TrimPrefix(err.Error(), "template: "))
	}
	return t, nil
}

// fillIn writes a line for each of a list, made of a template.
func fillIn[T any](w io.Writer, t *template.Template, list []T) error {
	for _, v := range list {
		var b strings.Builder
		if err := t.Execute(&b, v); err != nil {
			return misuse("--format: %v", strings.TrimPrefix(err.Error(), "template: "))
		}
		if _, err := fmt.Fprintln(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}
