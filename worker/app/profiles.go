package app

import (
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/heraldsend/herald/worker/api"
)

// withProfiles puts /debug/pprof before a handler where the settings ask for it. A profile shows code, no data; but its work
// costs. So it is given to this machine alone.
func (s *Settings) withProfiles(h http.Handler) http.Handler {
	if !s.Profiles {
		return h
	}
	profiles := http.NewServeMux()
	profiles.HandleFunc("/debug/pprof/", pprof.Index)
	profiles.HandleFunc("/debug/pprof/cmdline", http.NotFound) // arguments may name people
	profiles.HandleFunc("/debug/pprof/profile", pprof.Profile)
	profiles.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	profiles.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("/debug/pprof/", func(w http.ResponseWriter, r *http.Request) {
		local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		if !ok || !local.IP.IsLoopback() || !api.IsLoopback(r.Host) {
			http.Error(w, "profiles are given to this machine alone: listen on 127.0.0.1, and ask there", http.StatusForbidden)
			return
		}
		profiles.ServeHTTP(w, r)
	})
	return mux
}
