package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/templates"
)

// followTemplates loads the templates, which must be good. It loads them again when the folder changes, and on
// hangup. An edit with faults is logged and changes nothing. It adds a function to open that ends it.
func followTemplates(s *Settings, log *slog.Logger, hangup <-chan os.Signal, open *stack) (*catalog.Live, error) {
	live, err := catalog.NewLive(catalog.LiveOptions{FS: s.TemplateFiles(), OnReload: func(current *catalog.Catalog, err error) {
		if err != nil {
			faults, first := templateFaults(err)
			log.Error("the templates are broken, their last good version stays", "faults", faults, "first", first, "version", shortHash(current))
			return
		}
		log.Info("templates reloaded", "version", shortHash(current), "shortcuts", len(current.Shortcuts()))
	}})
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var followers sync.WaitGroup
	if s.Templates != "" { // those in the program don't change
		followers.Go(func() { live.Watch(ctx) })
	}
	followers.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
				if changed, err := live.Reload(); err == nil && !changed {
					log.Info("SIGHUP: the templates are the same", "version", shortHash(live.Catalog()))
				}
			}
		}
	})
	open.add(func() error {
		cancel()
		followers.Wait()
		return nil
	})
	return live, nil
}

// templateFaults counts the faults of a catalog and shows the first.
func templateFaults(err error) (n int, first string) {
	var catalog *catalog.LoadError
	if errors.As(err, &catalog) && len(catalog.Findings) > 0 {
		return len(catalog.Findings), catalog.Findings[0].String()
	}
	return 1, err.Error()
}

func shortHash(c *catalog.Catalog) string { return c.Hash()[:12] }

// TemplateFiles are the folder of templates, or those in the program.
func (s *Settings) TemplateFiles() fs.FS {
	if s.Templates != "" {
		return os.DirFS(s.Templates)
	}
	return templates.Catalog()
}

// Catalog reads the folder of templates, or the built-in one.
func (s *Settings) Catalog() (*catalog.Catalog, error) {
	loaded, err := catalog.Load(s.TemplateFiles())
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	return loaded, nil
}
