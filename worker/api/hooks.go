package api

import (
	"errors"
	"net/http"

	"github.com/heraldsend/herald/worker/api/hooks"
)

// maxHook bounds the webhooks of providers: SendGrid posts hundreds of events at once.
const maxHook = 5 << 20

// serveHooks answers the webhooks of mail providers.
func (s *Server) serveHooks() {
	if s.Feedback == nil {
		return
	}
	for _, a := range s.Hooks {
		s.mux.HandleFunc("POST /hooks/"+a.Name(), s.takeHook(a))
	}
}

// takeHook answers 204 after all that a request says is kept. After any other answer the provider posts it again.
func (s *Server) takeHook(a hooks.Adapter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		held := s.room.enter(r.Context())
		defer held.leave()
		body, err := readLimited(r, held, maxHook)
		if err != nil {
			s.refuse(w, r, asProblem(err))
			return
		}
		reports, err := a.Read(r.Context(), r.Header, body)
		switch {
		case errors.Is(err, hooks.ErrSignature):
			s.refuse(w, r, problem(http.StatusForbidden, "bad_signature", "%v", hooks.ErrSignature))
			return
		case errors.Is(err, hooks.ErrForm):
			s.refuse(w, r, problem(http.StatusBadRequest, "invalid_request", "%v", hooks.ErrForm))
			return
		case err != nil:
			s.refuse(w, r, asProblem(err))
			return
		}
		for _, one := range reports {
			if _, err := s.Feedback.Record(r.Context(), one); err != nil {
				s.refuse(w, r, asProblem(err))
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
