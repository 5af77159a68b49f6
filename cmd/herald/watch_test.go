package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/logtest"
)

// lint --watch checks at the start and at every change, with --fix mends, and ends when it is interrupted.
func TestLintWatch(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "shortcuts", "s.yaml")
	write := func(message string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("subject: x\nmessage: \""+message+"\"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("Hi {{customer.firstName}}")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var out logtest.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"lint", dir, "--watch", "--fix"}, func(string) string { return "" }, stdio{in: strings.NewReader(""), out: &out, err: &out})
	}()
	await := func(what string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !strings.Contains(out.String(), what); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("never printed %q:\n%s", what, out.String())
			}
		}
	}
	await(": 0 errors, 0 warnings\nwatching ")
	write("Hello there, {{customer.fistName}}")
	await(`mended: unknown field "customer.fistName"`)
	write("Hello there, {{customer.shoeSize}} and more")
	await("1 error in " + dir)
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if n := strings.Count(out.String(), "watching "); n < 3 {
		t.Errorf("checked %d times:\n%s", n, out.String())
	}
}
