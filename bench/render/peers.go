package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/template"

	"github.com/aymerick/raymond"

	"github.com/heraldsend/herald/helpers/moment"
)

// measureRaymond measures aymerick/raymond.
func measureRaymond(r *row) error {
	source := string(read(r.name + ".hbs"))
	data, err := decode(r.name)
	if err != nil {
		return err
	}
	t, err := raymond.Parse(source)
	if err != nil {
		return err
	}
	t.RegisterHelper("dateFormat", func(value string, options *raymond.Options) string {
		text, err := formatDate(value, options.HashStr("format"), options.HashStr("locale"))
		if err != nil {
			panic(err)
		}
		return text
	})
	t.RegisterHelper("ifCond", func(a any, op string, b any, options *raymond.Options) string {
		if condition(a, op, b) {
			return options.Fn()
		}
		return options.Inverse()
	})
	least(&r.raymond, best(func() {
		if r.raymondOutput, err = t.Exec(data); err != nil {
			panic(err)
		}
	}))
	least(&r.raymondCompile, best(func() {
		if _, err := raymond.Parse(source); err != nil {
			panic(err)
		}
	}))
	return nil
}

// measureTextTemplate measures text/template, which escapes nothing.
func measureTextTemplate(r *row) error {
	data, err := decode(r.name)
	if err != nil {
		return err
	}
	t, err := template.New(r.name).Funcs(template.FuncMap{
		"dateFormat": formatDate,
		"last":       func(list []any) int { return len(list) - 1 },
	}).Parse(string(read(r.name + ".tmpl")))
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	least(&r.textTemplate, best(func() {
		buf.Reset()
		if err := t.Execute(&buf, data); err != nil {
			panic(err)
		}
	}))
	r.textOutput = strings.ReplaceAll(buf.String(), "<no value>", "")
	return nil
}

// condition is ifCond for the peers.
func condition(a any, op string, b any) bool {
	switch op {
	case "==":
		return fmt.Sprint(a) == fmt.Sprint(b)
	case ">=":
		x, _ := a.(float64)
		y, _ := b.(int)
		return x >= float64(y)
	}
	return false
}

// formatDate is dateFormat for the peers: the same library behind it.
func formatDate(value, format, locale string) (string, error) {
	if locale == "" {
		locale = "en-us"
	}
	l, ok := moment.FindLocale(locale)
	if !ok {
		return "", fmt.Errorf("no locale %s", locale)
	}
	if format == "" {
		format = "LL"
	}
	f, err := l.Compile(format)
	if err != nil {
		return "", err
	}
	zone, _ := moment.FindZone("UTC")
	at, ok := moment.Parse(value, zone)
	if !ok {
		return "", fmt.Errorf("no date: %s", value)
	}
	return string(f.Append(nil, at, zone)), nil
}
