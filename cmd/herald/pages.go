package main

import (
	"log/slog"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/api"
	pages "github.com/heraldsend/herald/worker/api/page"
)

// addPages gives the API its preview, which follows the templates' folder as a worker does, and its pages.
func addPages(c *config, log *slog.Logger, o *api.Options, stop *closers) error {
	live, err := followTemplates(c, log, nil, stop)
	if err != nil {
		return err
	}
	locale, timezone := first(c.Locale, defaultLocale), first(c.Timezone, defaultTimezone)
	renderer, err := render.New(render.Options{Locale: locale, Timezone: timezone})
	if err != nil {
		return err
	}
	o.Preview, err = api.NewPreview(api.PreviewOptions{
		Catalog: live.Catalog, Renderer: renderer, Locale: locale, Timezone: timezone, Files: templateFiles(c),
	})
	if err != nil {
		return err
	}
	o.Page, err = pages.Handler()
	return err
}
