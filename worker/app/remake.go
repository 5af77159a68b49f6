package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/remake"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// newMaker makes what makes messages again. Its settings must be those of the workers. It downloads nothing.
func (s *Settings) newMaker(rdb redis.UniversalClient, log *slog.Logger, open *stack) (*remake.Maker, error) {
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: log, Retention: s.Retention})
	if err != nil {
		return nil, err
	}
	open.add(books.Close)
	renderer, err := s.Renderer()
	if err != nil {
		return nil, err
	}
	templates, err := s.Catalog()
	if err != nil {
		return nil, err
	}
	files, err := attach.New(attach.Options{Root: s.Attachments})
	if err != nil {
		return nil, err
	}
	open.add(files.Close)
	rules, err := s.rules(nil)
	if err != nil {
		return nil, err
	}
	rules.Events, rules.Unconfigured, rules.LogOnly = true, nil, false
	o := remake.Options{Ledger: books, Bulks: bulk.NewStore(rdb, books), Writers: map[message.Channel][]remake.Writer{}}
	for _, w := range ways {
		if w.writers == nil {
			continue
		}
		if o.Writers[w.channel], err = w.writers(s); err != nil {
			return nil, err
		}
	}
	o.Composer = func(at time.Time) (*compose.Composer, error) {
		then := rules
		links, err := s.linksAt(func() time.Time { return at })
		if err != nil {
			return nil, err
		}
		if links != nil {
			then.Links = links
		}
		blobs := compose.NewLocalBlobs(templates, blob.New(rdb))
		return compose.New(compose.Options{
			Catalog: func() *catalog.Catalog { return templates }, Renderer: renderer, Attachments: files.With(blobs), Blobs: blobs, Rules: then, Log: log,
		})
	}
	return remake.New(o)
}

// Remake makes a message again that was sent.
func Remake(ctx context.Context, s *Settings, log *slog.Logger, id string) (_ remake.Made, err error) {
	var open stack
	defer func() {
		if closed := open.Close(); err == nil {
			err = closed
		}
	}()
	rdb, err := ConnectRedis(ctx, s)
	if err != nil {
		return remake.Made{}, err
	}
	open.add(rdb.Close)
	maker, err := s.newMaker(rdb, log, &open)
	if err != nil {
		return remake.Made{}, err
	}
	return maker.Message(ctx, id)
}

// writer is for a channel whose messages are written in one way.
func writer(w remake.Writer) func(*Settings) ([]remake.Writer, error) {
	return func(*Settings) ([]remake.Writer, error) { return []remake.Writer{w}, nil }
}

// anyServer stands for a mail server whose URL this process does not have.
const anyServer = "smtp://localhost?tls=none"

func emailWriters(s *Settings) ([]remake.Writer, error) {
	seals, err := s.seals()
	if err != nil {
		return nil, err
	}
	accounts := s.accounts()
	if len(accounts) == 0 {
		accounts = []string{anyServer}
	}
	var all []remake.Writer
	for _, address := range accounts {
		o := email.Options{URL: address}
		if seals != nil {
			o.Envelope = seals
		}
		w, err := email.NewWriter(o)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

func smsWriters(s *Settings) ([]remake.Writer, error) {
	if s.SMSURL == "" {
		return nil, nil
	}
	o, err := sms.ParseURL(s.SMSURL)
	if err != nil {
		return nil, err
	}
	sender, err := sms.New(o)
	return []remake.Writer{sender}, err
}
