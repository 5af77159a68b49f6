package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

// command runs one and returns what it printed.
func command(t *testing.T, want int, env map[string]string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if code := run(context.Background(), args, func(name string) string { return env[name] }, stdio{strings.NewReader(""), &out, &out}); code != want {
		t.Fatalf("herald %s: exit code %d, want %d: %s", strings.Join(args, " "), code, want, out.String())
	}
	return out.String()
}

// Tokens are made, listed and revoked in a file that a running server follows: no restart, no gap, never open.
func TestTokensInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("# who may call\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"HERALD_REDIS_URL": redistest.Start(t).URL(), "HERALD_API_TOKENS_FILE": file}
	s := startServing(t, env)
	status := func(secret string) int {
		status, _ := s.request("GET", "/v1/bulks", secret, nil)
		return status
	}
	await := func(secret string, want int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); status(secret) != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("status %d, want %d: %s", status(secret), want, s.log.String())
			}
		}
	}
	if got := status(""); got != 401 {
		t.Fatalf("an empty file lets in: %d", got)
	}
	create := func(name string) string {
		var made struct{ Token, Setting string }
		text := command(t, exitOK, env, "token", "create", "--name", name, "--owner", "shop", "--scope", "send+read", "--from", "*@shop.example,help@acme.example", "--channel", "email", "--for", "24h", "--json")
		if err := json.Unmarshal([]byte(text), &made); err != nil || !strings.Contains(made.Setting, ";owner=shop;from=*@shop.example;from=help@acme.example;channel=email;expires=") {
			t.Fatalf("%s, %v", text, err)
		}
		return made.Token
	}
	first := create("shop-1")
	await(first, http.StatusOK)
	second := create("shop-2")
	await(second, http.StatusOK)
	if got := command(t, exitOK, env, "token", "list"); !strings.Contains(got, "shop-1") || !strings.Contains(got, "shop-2") || strings.Contains(got, "herald_") || !strings.Contains(got, "*@shop.example,help@acme.example  email ") {
		t.Errorf("list %s", got)
	}
	command(t, exitOK, env, "token", "revoke", "shop-1")
	await(first, http.StatusUnauthorized)
	if status(second) != http.StatusOK {
		t.Error("the other token went too")
	}
	command(t, exitFailed, env, "token", "revoke", "shop-1")
	if err := os.WriteFile(file, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(s.log.String(), "its last good tokens stay"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a broken file is not told")
		}
	}
	if status(second) != http.StatusOK {
		t.Error("a broken file locks out")
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	await(second, http.StatusUnauthorized)
	if strings.Contains(s.log.String(), first) || strings.Contains(s.log.String(), second) {
		t.Error("a token is in the log")
	}
	if left, err := filepath.Glob(file + "?*"); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
