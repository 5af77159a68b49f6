package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/message"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" default:"withargs" help:"Make a token and print it, once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens that are set up, and what they allow."`
	Revoke tokenRevokeCmd `cmd:"" help:"Take a token out of the file."`
}

// tokensFile is the file that the commands about tokens change.
type tokensFile struct {
	File string `placeholder:"FILE" help:"File of tokens; that of HERALD_API_TOKENS_FILE where missing."`
}

func (t tokensFile) path(c *app.Settings) string { return cmp.Or(t.File, c.TokensFile()) }

type tokenCreateCmd struct {
	Name    string        `required:"" placeholder:"NAME" help:"Which token it is."`
	Scope   string        `required:"" placeholder:"SCOPES" help:"What it allows: ${scopes}; several joined by +."`
	Owner   string        `placeholder:"NAME" help:"Whose token it is; its name where missing. Tokens of one owner share what they enqueue."`
	From    []string      `placeholder:"SENDER" help:"Senders that it may name, separated by commas: addresses, or *@ and a domain. Any where missing."`
	Channel []string      `placeholder:"CHANNEL" help:"Channels on which it may send, separated by commas. All where missing."`
	Expires time.Time     `placeholder:"TIME" format:"2006-01-02T15:04:05Z07:00" xor:"end" help:"When it ends, such as 2027-01-31T00:00:00Z. Never where missing."`
	For     time.Duration `placeholder:"TIME" xor:"end" help:"How long it is valid, such as 2160h."`
	Test    bool          `help:"For tests: what is sent with it is checked, rendered, queued and answered as ever, and reaches nobody. The token begins with test_."`
	tokensFile
	JSON bool `name:"json" help:"Print JSON."`
}

// Run makes a token and prints it, once, with what the setting holds of it. Where a file is named, it adds it to the file.
func (t *tokenCreateCmd) Run(c *app.Settings, std stdio) error {
	token := api.Token{Name: t.Name, Owner: t.Owner, From: t.From, Expires: t.Expires, Test: t.Test}
	for s := range strings.SplitSeq(t.Scope, "+") {
		token.Scopes = append(token.Scopes, api.Scope(s))
	}
	for _, name := range t.Channel {
		token.Channels = append(token.Channels, message.Channel(name))
	}
	if t.For > 0 {
		token.Expires = time.Now().Add(t.For).Truncate(time.Second)
	}
	secret, token, err := api.NewToken(token)
	if err != nil {
		return usageError{err}
	}
	path := t.path(c)
	if path != "" {
		if err := changeTokens(path, func(text string) (string, error) {
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			return text + token.String() + "\n", nil
		}); err != nil {
			return err
		}
	}
	if t.JSON {
		return json.NewEncoder(std.out).Encode(struct {
			Token   string `json:"token"`
			Setting string `json:"setting"`
		}{secret, token.String()})
	}
	if path != "" {
		_, err = fmt.Fprintf(std.out, "token, for its bearer; it is not shown again:\n  %s\nadded to %s\n", secret, path)
		return err
	}
	_, err = fmt.Fprintf(std.out, "token, for its bearer; it is not shown again:\n  %s\nfor HERALD_API_TOKENS, which holds several separated by commas:\n  %s\n", secret, token)
	return err
}

type tokenListCmd struct {
	tokensFile
	JSON bool `name:"json" help:"Print JSON, one token a line."`
}

// listedToken is a token without its hash.
type listedToken struct {
	Name     string            `json:"name"`
	Owner    string            `json:"owner,omitempty"`
	Scopes   []api.Scope       `json:"scopes"`
	From     []string          `json:"from,omitempty"`
	Channels []message.Channel `json:"channels,omitempty"`
	Expires  time.Time         `json:"expires,omitzero"`
	Expired  bool              `json:"expired,omitempty"`
	Test     bool              `json:"test,omitempty"`
}

// Run lists the tokens of the file or the setting.
func (t *tokenListCmd) Run(c *app.Settings, std stdio) error {
	text := c.APITokens
	if t.File != "" {
		data, err := os.ReadFile(t.File)
		if err != nil {
			return err
		}
		text = string(data)
	}
	tokens, err := api.ParseTokens(text)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	if !t.JSON {
		fmt.Fprintln(table, "NAME\tOWNER\tSCOPES\tFROM\tCHANNELS\tEXPIRES")
	}
	for _, token := range tokens {
		l := listedToken{token.Name, token.OwnerName(), token.Scopes, token.From, token.Channels, token.Expires, !token.Active(time.Now()), token.Test}
		if t.JSON {
			if err := json.NewEncoder(std.out).Encode(l); err != nil {
				return err
			}
			continue
		}
		expires, mode := "never", ""
		if l.Test {
			mode = " (tests)"
		}
		if !l.Expires.IsZero() {
			expires = l.Expires.UTC().Format(time.RFC3339)
		}
		if l.Expired {
			expires += " (expired)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Name, cmp.Or(l.Owner, "(all)")+mode, joined(l.Scopes, "+"), cmp.Or(joined(l.From, ","), "any"), cmp.Or(joined(l.Channels, ","), "all"), expires)
	}
	return table.Flush()
}

func joined[T ~string](list []T, with string) string {
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i] = string(one)
	}
	return strings.Join(texts, with)
}

type tokenRevokeCmd struct {
	Name string `arg:"" help:"Which token."`
	tokensFile
}

// Run takes a token out of the file. Servers that read it refuse the token within a second or two.
func (t *tokenRevokeCmd) Run(c *app.Settings, std stdio) error {
	path := t.path(c)
	if path == "" {
		return usageError{errors.New("tokens are revoked in a file: give --file or HERALD_API_TOKENS_FILE; from HERALD_API_TOKENS take it out by hand")}
	}
	err := changeTokens(path, func(text string) (string, error) {
		var kept []string
		found := false
		for line := range strings.Lines(text) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				kept = append(kept, line)
				continue
			}
			fields := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
			stay := slices.DeleteFunc(slices.Clone(fields), func(entry string) bool { return strings.HasPrefix(entry, t.Name+":") })
			found = found || len(stay) < len(fields)
			switch {
			case len(stay) == len(fields):
				kept = append(kept, line)
			case len(stay) > 0:
				kept = append(kept, strings.Join(stay, " ")+"\n")
			}
		}
		if !found {
			return "", fmt.Errorf("%s has no token named %.100q", path, t.Name)
		}
		return strings.Join(kept, ""), nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "revoked %s in %s\n", t.Name, path)
	return err
}

// changeTokens changes a file of tokens as a whole, so that nobody reads half of it. The file may be missing. Its result
// must be readable. Two commands at the same time: the file keeps what the later one wrote, or the later one fails.
func changeTokens(path string, change func(text string) (string, error)) error {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		real, err = path, nil
	}
	if err != nil {
		return err
	}
	lock, err := os.OpenFile(real+".lock", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("somebody else changes %s now (or broke off: then remove the .lock): %w", path, err)
	}
	renamed := false
	defer func() {
		_ = lock.Close()
		if !renamed {
			_ = os.Remove(lock.Name())
		}
	}()
	old, err := os.ReadFile(real)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text, err := change(string(old))
	if err != nil {
		return err
	}
	if _, err := api.ParseTokens(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(real); err == nil {
		mode = info.Mode().Perm()
	}
	if _, err := lock.WriteString(text); err != nil {
		return err
	}
	if err := errors.Join(lock.Chmod(mode), lock.Sync()); err != nil {
		return err
	}
	err = os.Rename(lock.Name(), real)
	renamed = err == nil
	return err
}
