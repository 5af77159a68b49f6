package main

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/strictjson"
	"github.com/heraldsend/herald/worker/task"
)

func TestFaultsAreNamedByFlags(t *testing.T) {
	own := map[string]string{"/messages/1/from": "--sms-from", "/messages/1": ""}
	for pointer, want := range map[string]string{
		"/from": "--from: x", "/cc/1": "--cc, number 2: x", "/context/a.b/c~1d": "--context: /a.b/c~1d: x", "/canary/percent": "--canary: /percent: x",
		"/canary/maxFailurePercent": "--canary-fails: x", "/messages/1/from": "--sms-from: x", "/note/mentions/0": "--mention, number 1: x",
		"/somewhere/else": "/somewhere/else: x", "": "x",
	} {
		if got := inFlags(fault.At(pointer, "code", "x"), own).Error(); got != want {
			t.Errorf("%s: %q, want %q", pointer, got, want)
		}
	}
	if err := inFlags(io.EOF, nil); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	two := fault.List{fault.At("/to", "c", "a"), fault.At("/from", "c", "b")}
	if got := inFlags(two, nil).Error(); got != "--to: a\n--from: b" {
		t.Errorf("%q", got)
	}
}

// Every flag is one of a command, and every pointer leads to something that can be wrong.
func TestFlagsAndPointersExist(t *testing.T) {
	var c cli
	k, err := kong.New(&c, helpVars(), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{}
	var walk func(*kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			flags["--"+f.Name] = true
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(k.Model.Node)
	shapes := []*strictjson.Shape{}
	for _, typ := range []reflect.Type{reflect.TypeFor[task.Message](), reflect.TypeFor[task.Forward](), reflect.TypeFor[bulk.Definition]()} {
		shapes = append(shapes, strictjson.ShapeOf(typ, strictjson.Leniency{}))
	}
	for pointer, flag := range flagOf {
		if !flags[flag] {
			t.Errorf("no command has %s", flag)
		}
		found := false
		for _, s := range shapes {
			for _, step := range strings.Split(pointer[1:], "/") {
				if s = s.Members[step]; s == nil {
					break
				}
			}
			found = found || s != nil
		}
		if !found {
			t.Errorf("nothing stands at %s", pointer)
		}
	}
}
