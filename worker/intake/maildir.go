package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/intake/bounce"
)

// maildirEvery is how often a Maildir is looked through.
const maildirEvery = 5 * time.Second

// Maildir takes the mails that are delivered into a Maildir: from new/, once each, into cur/ with the flag for read mails.
// One process reads a Maildir.
type Maildir struct {
	in  *Intake
	dir string
}

// NewMaildir checks that there is a Maildir.
func (in *Intake) NewMaildir(dir string) (*Maildir, error) {
	for _, part := range []string{"new", "cur"} {
		if info, err := os.Stat(filepath.Join(dir, part)); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("%.200q is no Maildir: it has no folder %s", dir, part)
		}
	}
	return &Maildir{in, dir}, nil
}

// Watch takes mails until ctx ends. What can't be stored stays in new/, and is taken later.
func (m *Maildir) Watch(ctx context.Context) error {
	return watch(ctx, maildirEvery, m.Round, func(err error) {
		m.in.Log.Warn("can't take mails from the Maildir, trying on", "error", err)
	})
}

// watch looks at once and after each pause until ctx ends, and tells why a look failed.
func watch(ctx context.Context, pause time.Duration, look func(context.Context) error, tell func(error)) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := look(ctx); err != nil && ctx.Err() == nil {
			tell(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Round takes the mails that are there now.
func (m *Maildir) Round(ctx context.Context) error {
	entries, err := os.ReadDir(filepath.Join(m.dir, "new"))
	if err != nil {
		return fmt.Errorf("read the Maildir: %w", err)
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := m.one(ctx, e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (m *Maildir) one(ctx context.Context, name string) error {
	from := filepath.Join(m.dir, "new", name)
	mail, err := readFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a mail client was faster
	}
	if err != nil {
		return fmt.Errorf("read a mail: %w", err)
	}
	if err := m.in.TakeAny(ctx, mail); err != nil {
		return err
	}
	if !strings.Contains(name, ":2,") {
		name += ":2,S"
	}
	if err := os.Rename(from, filepath.Join(m.dir, "cur", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put a mail away: %w", err)
	}
	return nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, bounce.MaxBytes))
}
