package secret

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/rankgate/rankgate/rank"
)

// TLS says whom a client trusts and how it proves who it is. Paths are of PEM files.
type TLS struct {
	On         bool
	CA         string // "" means the system's roots
	Cert, Key  string // the client's own, both or none
	ServerName string // "" means the host of each address
}

// Config reads the files that t names. A rank.FieldError below the given setting
// says what is wrong with one.
func (t *TLS) Config(setting string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, rank.FieldError{Path: setting + ".ca", Message: err.Error()}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, rank.FieldError{Path: setting + ".ca", Message: t.CA + " holds no PEM certificate"}
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return nil, rank.FieldError{Path: setting, Message: "cert and key belong together; name both or none"}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, rank.FieldError{Path: setting + ".cert", Message: err.Error()}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
