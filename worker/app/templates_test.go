package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/logtest"
)

// Templates are loaded again when they change and on SIGHUP; a broken edit is logged once and the last good version
// stays.
func TestFollowTemplates(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shortcuts"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "shortcuts", "a.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("message: one\n")
	var logged logtest.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	hangup := make(chan os.Signal, 1)
	var open stack
	live, err := followTemplates(&Settings{Templates: dir}, log, hangup, &open)
	if err != nil {
		t.Fatal(err)
	}
	message := func() string {
		s, err := live.Catalog().Shortcut("a")
		if err != nil {
			t.Fatal(err)
		}
		return s.Message
	}
	await := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain until %s; log:\n%s", what, logged.String())
			}
		}
	}
	write("message: two and more\n")
	await("the folder was seen to change", func() bool { return message() == "two and more" })
	write("mesage: three and even more\n")
	await("the broken edit is logged", func() bool { return strings.Contains(logged.String(), "did you mean") })
	write("message: four\n")
	hangup <- syscall.SIGHUP
	await("SIGHUP loaded it", func() bool { return message() == "four" })
	hangup <- syscall.SIGHUP
	await("SIGHUP is answered", func() bool { return strings.Contains(logged.String(), "the same") })
	if err := open.Close(); err != nil {
		t.Fatal(err)
	}
	text := logged.String()
	if n := strings.Count(text, "level=ERROR"); n != 1 || !strings.Contains(text, "shortcuts/a.yaml:1:1: unknown key") {
		t.Errorf("%d errors logged, want one that names the place:\n%s", n, text)
	}
	write("mesage: five\n")
	if _, err := followTemplates(&Settings{Templates: dir}, log, nil, &open); err == nil {
		t.Error("started on broken templates")
	}
}
