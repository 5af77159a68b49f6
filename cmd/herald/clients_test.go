package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/api"
)

// The examples of the clients in other languages run as they stand, each with a token for tests of its own: a whole life of
// messages and bulks, of which nobody gets anything.
func TestClients(t *testing.T) {
	for name, command := range map[string][]string{"python": {"python3", "example.py"}, "node": {"node", "example.mjs"}} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Fatalf("%v: run `make deps`", err)
			}
			secret, token, err := api.NewToken(api.Token{Name: name, Scopes: []api.Scope{api.ScopeSend, api.ScopeRead}, Test: true})
			if err != nil {
				t.Fatal(err)
			}
			_, admin, err := api.NewToken(api.Token{Name: "admin", Scopes: []api.Scope{api.ScopeAdmin}})
			if err != nil {
				t.Fatal(err)
			}
			s := startServing(t, map[string]string{"HERALD_API_TOKENS": token.String() + "," + admin.String()}, "--embedded")
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Dir = "../../clients/" + name
			cmd.Env = append(os.Environ(), "HERALD_URL="+s.url, "HERALD_TOKEN="+secret, "PYTHONDONTWRITEBYTECODE=1")
			out, err := cmd.CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) != name+": ok" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
