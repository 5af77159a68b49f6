package api

import (
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/heraldsend/herald/worker/store/link"
)

// serveMedia gives a carrier the file of an MMS. A browser shows it without running anything in it.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request) {
	file, err := s.Links.ParseMedia(r.PathValue("token"))
	if errors.Is(err, link.ErrExpired) {
		s.refuse(w, r, problem(http.StatusGone, "link_expired", "this link has expired"))
		return
	}
	if err != nil {
		s.refuse(w, r, problem(http.StatusNotFound, "not_found", "this link is not one of ours, or not whole"))
		return
	}
	content, err := s.blobs.Open(r.Context(), file.Blob)
	if err != nil {
		s.refuse(w, r, asProblem(err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.Type)
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": file.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	http.ServeContent(w, r, "", time.Time{}, content)
}
