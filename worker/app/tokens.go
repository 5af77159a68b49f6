package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/api"
)

// tokensEvery is how often the file of tokens is looked at.
const tokensEvery = time.Second

// TokensFile is the file that HERALD_API_TOKENS_FILE names; empty for none.
func (s *Settings) TokensFile() string { return s.files.paths["api-tokens"] }

// needsToken reports whether nobody may call the API without a token. A file that holds none yet lets nobody in.
func (s *Settings) needsToken() bool { return s.APITokens != "" || s.TokensFile() != "" }

// followTokens gives the server the tokens of HERALD_API_TOKENS_FILE whenever the file changes. While it can't be read,
// the last good ones stay. It adds a function to open that ends it.
func (s *Settings) followTokens(log *slog.Logger, server *api.Server, open *stack) {
	path := s.TokensFile()
	if path == "" {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var follower sync.WaitGroup
	follower.Go(func() {
		known, said := s.APITokens, ""
		tick := time.NewTicker(tokensEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			text, err := readSecretFile(path)
			if err == nil && text == known {
				continue
			}
			var tokens []api.Token
			if err == nil {
				tokens, err = api.ParseTokens(text)
			}
			if err != nil {
				if err.Error() != said {
					log.Error("HERALD_API_TOKENS_FILE: its last good tokens stay", "error", err)
				}
				said = err.Error()
				continue
			}
			server.SetTokens(tokens)
			known, said = text, ""
			log.Info("tokens of the API read again", "tokens", len(tokens))
		}
	})
	open.add(func() error {
		cancel()
		follower.Wait()
		return nil
	})
}
