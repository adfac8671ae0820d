package calendar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Source is where a calendar comes from: a file or an address.
type Source struct {
	Name    string
	File    string        // path
	URL     string        // https, or http to this machine itself; it may hold a secret, and is never told
	Refresh time.Duration // between two looks; DefaultRefresh when zero
	Folder  string        // which File is relative to; the working directory when empty
}

// DefaultRefresh is the time between two looks at a source that does not say.
const DefaultRefresh = 15 * time.Minute

// What one look at a source may cost.
const (
	maxBytes  = 8 << 20
	fetchTime = 10 * time.Second
)

// CheckURL says why an address will not do: calendars decide when production changes, so nobody on the way may
// alter them.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("it is not an address") // the error would show it
	}
	if u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return errors.New("it must begin with https:// (http:// only to this machine itself)")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// read reads a source as it is now.
func (s Source) read(ctx context.Context, client *http.Client) ([]byte, error) {
	if s.URL != "" {
		return fetch(ctx, client, s.URL)
	}
	name := s.File
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.Folder, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return limited(f)
}

func fetch(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("it is not an address")
	}
	req.Header.Set("Accept", "text/calendar")
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch it: %w", secretless(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch it: the server answers %s", res.Status)
	}
	raw, err := limited(res.Body)
	if err != nil {
		return nil, fmt.Errorf("fetch it: %w", secretless(err))
	}
	return raw, nil
}

// secretless is an error of the HTTP client without the address, which may hold a token.
func secretless(err error) error {
	var with *url.Error
	if errors.As(err, &with) {
		return with.Err
	}
	return err
}

func limited(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxBytes {
		return nil, fmt.Errorf("it is over %d MiB", maxBytes>>20)
	}
	return raw, nil
}

// newClient is an HTTP client that goes nowhere but where CheckURL lets it.
func newClient() *http.Client {
	return &http.Client{CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > 5 {
			return errors.New("it is redirected too often")
		}
		if CheckURL(req.URL.String()) != nil {
			return errors.New("it is redirected to where it could be altered on the way")
		}
		return nil
	}}
}
