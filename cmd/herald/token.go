package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/app"
)

type tokenCmd struct {
	Name  string `required:"" placeholder:"NAME" help:"Whose token it is."`
	Scope string `required:"" placeholder:"SCOPES" help:"What it allows: send, read, preview, admin; several joined by +."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run makes a token and prints it, once, with what the setting holds of it. It stores nothing.
func (t *tokenCmd) Run(_ *app.Settings, std stdio) error {
	var scopes []api.Scope
	for s := range strings.SplitSeq(t.Scope, "+") {
		scopes = append(scopes, api.Scope(s))
	}
	secret, token, err := api.NewToken(t.Name, scopes)
	if err != nil {
		return usageError{err}
	}
	if t.JSON {
		return json.NewEncoder(std.out).Encode(struct {
			Token   string `json:"token"`
			Setting string `json:"setting"`
		}{secret, token.String()})
	}
	_, err = fmt.Fprintf(std.out, "token, for its bearer; it is not shown again:\n  %s\nfor HERALD_API_TOKENS, which holds several separated by commas:\n  %s\n", secret, token)
	return err
}
