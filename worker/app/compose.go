package app

import (
	"log/slog"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
)

// rules are the settings about messages: the same for processes that send and for those that only show messages.
// senders are those of a process that sends, nil otherwise.
func (s *Settings) rules(senders map[message.Channel]delivery.Sender) (compose.Rules, error) {
	links, err := s.links()
	if err != nil {
		return compose.Rules{}, err
	}
	topics, err := s.topics()
	if err != nil {
		return compose.Rules{}, err
	}
	r := compose.Rules{Topics: topics, Events: s.EventsURL != "", NoBulk: s.noBulk(), Checks: checks(), Unconfigured: s.unconfigured(senders), LogOnly: s.logsOnly(), ListID: s.ListID}
	if links != nil {
		r.Links = links
	}
	return r, nil
}

// Looks makes composers for processes that show messages and send none. Close ends it.
type Looks struct {
	rules    compose.Rules
	renderer *render.Renderer
	files    *attach.Resolver
	behind   compose.Blobs
	log      *slog.Logger
}

// NewLooks uses the settings of the workers. Without a public URL, links are samples, since only the workers know
// whether they have one. behind, if not nil, has the blobs that the catalog lacks.
func (s *Settings) NewLooks(log *slog.Logger, behind compose.Blobs) (*Looks, error) {
	rules, err := s.rules(nil)
	if err != nil {
		return nil, err
	}
	if rules.Links == nil {
		rules.Links = compose.SampleLinks{}
	}
	renderer, err := s.Renderer()
	if err != nil {
		return nil, err
	}
	downloads, err := s.downloads()
	if err != nil {
		return nil, err
	}
	files, err := attach.New(attach.Options{Root: s.Attachments, HTTP: downloads})
	if err != nil {
		return nil, err
	}
	return &Looks{rules, renderer, files, behind, log}, nil
}

// AllConfigured assumes that every channel has a sender and events an endpoint, as in a playground.
func (l *Looks) AllConfigured() { l.rules.Unconfigured, l.rules.Events = nil, true }

// Composer returns a composer of a catalog. Everything in its Blobs is forgotten with it.
func (l *Looks) Composer(c *catalog.Catalog) (*compose.Composer, error) {
	blobs := compose.NewLocalBlobs(c, l.behind)
	return compose.New(compose.Options{
		Catalog: func() *catalog.Catalog { return c }, Renderer: l.renderer, Attachments: l.files.With(blobs), Blobs: blobs, Rules: l.rules, Log: l.log,
	})
}

// Close gives back the folder of attachments.
func (l *Looks) Close() error { return l.files.Close() }
