package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Live is a catalog that follows its folder while the program runs. A broken
// edit keeps the last good version. It is safe for concurrent use.
type Live struct {
	options LiveOptions
	current atomic.Pointer[Catalog]
	load    sync.Mutex
	seen    string // fingerprint of the folder when it was last loaded
	next    string // another one, seen at the last look
}

// LiveOptions for NewLive. FS is required.
type LiveOptions struct {
	FS       fs.FS
	Interval time.Duration                     // between two looks at the folder; 1 s
	OnReload func(current *Catalog, err error) // called at every reload with the version in use, and why a new one was refused
}

// NewLive loads the folder, which must be good.
func NewLive(o LiveOptions) (*Live, error) {
	if o.FS == nil {
		return nil, errors.New("render: LiveOptions.FS is missing")
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	l := &Live{options: o, seen: Fingerprint(o.FS)}
	c, err := loadChecked(o.FS)
	if err != nil {
		return nil, err
	}
	l.current.Store(c)
	return l, nil
}

// Catalog returns the version in use.
func (l *Live) Catalog() *Catalog { return l.current.Load() }

// Reload loads the folder now and reports whether the catalog changed. After an error the version in use stays.
func (l *Live) Reload() (changed bool, err error) {
	l.load.Lock()
	defer l.load.Unlock()
	return l.reload(Fingerprint(l.options.FS))
}

func (l *Live) reload(seen string) (bool, error) {
	l.seen = seen
	old := l.current.Load()
	c, err := loadChecked(l.options.FS)
	changed := err == nil && c.Hash() != old.Hash()
	if changed {
		l.current.Store(c)
	}
	if l.options.OnReload != nil && (changed || err != nil) {
		l.options.OnReload(l.current.Load(), err)
	}
	return changed, err
}

// Watch looks at the folder from time to time and reloads changes, until ctx is done. It compares names, sizes and
// times, not contents: that works on every file system, and through links that are replaced.
func (l *Live) Watch(ctx context.Context) {
	tick := time.NewTicker(l.options.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.look()
		}
	}
}

// look reloads if the folder changed since it was last loaded but not since the last look: a change may be half
// written.
func (l *Live) look() {
	l.load.Lock()
	defer l.load.Unlock()
	switch seen := Fingerprint(l.options.FS); seen {
	case l.seen:
	case l.next:
		_, _ = l.reload(seen) // OnReload is told
	default:
		l.next = seen
	}
}

// loadChecked loads a catalog whose templates all compile.
func loadChecked(fsys fs.FS) (*Catalog, error) {
	c, err := Load(fsys)
	if err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	return c, nil
}

// Check compiles every template of the catalog. The error is a *LoadError with every fault.
func (c *Catalog) Check() error {
	var findings []Finding
	for _, t := range c.Texts() {
		for _, f := range c.CompileFaults(t) {
			if !slices.Contains(findings, f) {
				findings = append(findings, f)
			}
		}
	}
	if len(findings) == 0 {
		return nil
	}
	SortFindings(findings)
	return &LoadError{Findings: findings}
}

// Fingerprint changes when a file is added, removed, or written.
func Fingerprint(fsys fs.FS) string {
	sum := sha256.New()
	err := fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			fmt.Fprintf(sum, "%s: %v\n", file, err)
			return nil
		}
		if info, err := entry.Info(); err == nil && !entry.IsDir() {
			fmt.Fprintf(sum, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	if err != nil {
		fmt.Fprintf(sum, "%v\n", err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
