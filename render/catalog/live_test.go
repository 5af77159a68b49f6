package catalog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"
)

func TestLive(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("shortcuts/a.yaml", "message: one\n")
	type event struct {
		hash string
		err  error
	}
	events := make(chan event, 10)
	live, err := NewLive(LiveOptions{FS: os.DirFS(dir), Interval: 5 * time.Millisecond, OnReload: func(c *Catalog, err error) {
		events <- event{c.Hash(), err}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		live.Watch(ctx)
		close(done)
	}()
	next := func() event {
		t.Helper()
		select {
		case e := <-events:
			return e
		case <-time.After(10 * time.Second):
			t.Fatal("no reload")
			return event{}
		}
	}
	first := live.Catalog().Hash()
	write("shortcuts/b.yaml", "message: two, and more of it\n")
	var good event
	for good = next(); len(live.Catalog().Shortcuts()) != 2; good = next() {
	}
	if good.err != nil || good.hash == first {
		t.Errorf("%+v", good)
	}
	write("shortcuts/b.yaml", "message: \"{{#if x}}\"\n")
	for broken := next(); broken.err == nil; broken = next() { // a write may be seen half done, as an empty file
	}
	if live.Catalog().Hash() != good.hash {
		t.Error("a broken edit replaced the good version")
	}
	var faults *LoadError
	if _, err := live.Reload(); !errors.As(err, &faults) {
		t.Errorf("reload: %v", err)
	}
	write("shortcuts/b.yaml", "message: three\n")
	for len(live.Catalog().Shortcuts()) != 2 || live.Catalog().Hash() == good.hash {
		next()
	}
	cancel()
	<-done
	if _, err := NewLive(LiveOptions{FS: fstest.MapFS{"shortcuts/x.yaml": {Data: []byte("nope: 1\n")}}}); !errors.As(err, &faults) {
		t.Errorf("a broken folder: %v", err)
	}
}
