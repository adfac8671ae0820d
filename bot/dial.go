package bot

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
)

// dialer opens WebSocket connections that tell w what passes by. It makes its own way through a proxy,
// since the tap must sit between TLS and the frames.
func dialer(w wire) *websocket.Dialer {
	tapped := func(c net.Conn, err error) (net.Conn, error) {
		if err != nil {
			return nil, err
		}
		return &tap{Conn: c, wire: w}, nil
	}
	return &websocket.Dialer{
		HandshakeTimeout: 10 * time.Second,
		WriteBufferSize:  32 * 1024, // an acknowledgement must be one frame
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return tapped(dial(ctx, network, addr, "http"))
		},
		NetDialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return tapped(dialTLS(ctx, network, addr))
		},
	}
}

func dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := dial(ctx, network, addr, "https")
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	secure := tls.Client(c, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return secure, nil
}

func dial(ctx context.Context, network, addr, scheme string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: scheme, Host: addr}})
	if err != nil {
		return nil, fmt.Errorf("read the proxy's address: %w", err)
	}
	if proxy == nil || proxy.Scheme != "http" {
		return d.DialContext(ctx, network, addr)
	}
	c, err := d.DialContext(ctx, network, proxyAddr(proxy))
	if err != nil {
		return nil, fmt.Errorf("dial the proxy: %w", err)
	}
	if err := connect(c, proxy, addr); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func proxyAddr(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

// connect asks the proxy at the other end of c for a way to addr.
func connect(c net.Conn, proxy *url.URL, addr string) error {
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	defer func() { _ = c.SetDeadline(time.Time{}) }()
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{}}
	if password, ok := proxy.User.Password(); ok {
		r.SetBasicAuth(proxy.User.Username(), password)
		r.Header.Set("Proxy-Authorization", r.Header.Get("Authorization"))
		r.Header.Del("Authorization")
	}
	if err := r.Write(c); err != nil {
		return fmt.Errorf("ask the proxy: %w", err)
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(c, 1), r)
	if err != nil {
		return fmt.Errorf("read the proxy's answer: %w", err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy answered %s", answer.Status)
	}
	return nil
}
