package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The example of docs/forward.md works as it stands there.
func TestDocsForward(t *testing.T) {
	t.Chdir("../..")
	page, err := os.ReadFile("docs/forward.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)# Forwarding a conversation.*?```sh\nherald (.*?)\n```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no example of a forward")
	}
	args := words(strings.ReplaceAll(string(block[1]), "\\\n", ""))
	shown := filepath.Join(t.TempDir(), "transcript.html")
	for i, arg := range args {
		if arg == "transcript.html" {
			args[i] = shown
		}
	}
	var out, faults bytes.Buffer
	if code := run(context.Background(), args, func(string) string { return "" }, stdio{strings.NewReader(""), &out, &faults}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, faults.String())
	}
	html, err := os.ReadFile(shown)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{out.String(), string(html)} {
		if !strings.Contains(text, "Could you call Ada today?") || strings.Contains(text, "4111") || strings.Contains(text, "Second complaint") {
			t.Errorf("the mail is %s", text)
		}
	}
}

// words splits a command line as a shell does that knows single quotes alone.
func words(line string) []string {
	var out []string
	word, quoted, begun := "", false, false
	for _, c := range line {
		switch {
		case c == '\'':
			quoted, begun = !quoted, true
		case c == ' ' && !quoted:
			if begun {
				out = append(out, word)
			}
			word, begun = "", false
		default:
			word, begun = word+string(c), true
		}
	}
	if begun {
		out = append(out, word)
	}
	return out
}
