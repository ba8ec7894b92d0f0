// The client's TLS against a server with a certificate made for the test.
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/files.h"
#include "base/ids.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/listen.h"

namespace redline::net {
namespace {

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Deleter<SSL_free>>;

Certificate MakeCertificate(EVP_PKEY* key, const char* names) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("redline test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_EXTENSION* san = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
  X509_add_ext(certificate.get(), san, -1);
  X509_EXTENSION_free(san);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

void WritePem(const std::filesystem::path& path, X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  EXPECT_TRUE(WriteFileAtomic(path, {text, static_cast<size_t>(size)}).ok());
  BIO_free(bio);
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    const Key key(EVP_RSA_gen(2048));
    const Certificate certificate = MakeCertificate(key.get(), "DNS:localhost,IP:127.0.0.1");
    pem_ = std::filesystem::temp_directory_path() / (NewId("redline-tls") + ".pem");
    WritePem(pem_, certificate.get());
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
    listen_ = UniqueFd(*ListenTcp("0.0.0.0", 0));
    port_ = PortOf(listen_.get());
    thread_ = std::thread([this] { Serve(); });
  }
  void TearDown() override {
    stop_ = true;
    thread_.join();
    std::filesystem::remove(pem_);
    unsetenv("SSL_CERT_FILE");
  }

  void Serve() {
    while (!stop_) {
      const UniqueFd fd(accept4(listen_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (fd.valid())
        ServeConnection(fd.get());
      else
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  void ServeConnection(int fd) {
    const Session session(SSL_new(context_.get()));
    SSL_set_fd(session.get(), fd);
    if (SSL_accept(session.get()) != 1) return;
    ++num_handshakes_;
    std::string input;
    char bytes[4096];
    int got = 0;
    while ((got = SSL_read(session.get(), bytes, sizeof bytes)) > 0) {
      input.append(bytes, static_cast<size_t>(got));
      if (input.find("\r\n\r\n") == std::string::npos) continue;
      const std::string body(100000, 't');
      const std::string answer =
          "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
      input.clear();
    }
  }

  Result<HttpResponse> Fetch(HttpClient& client, const std::string& host) {
    ClientRequest request;
    request.url = "https://" + host + ":" + std::to_string(port_) + "/";
    return client.Fetch(request);
  }

  std::filesystem::path pem_;
  Context context_;
  UniqueFd listen_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> num_handshakes_{0};
  std::thread thread_;
};

TEST_F(TlsTest, TrustedCertificatesAreAcceptedAndConnectionsReused) {
  setenv("SSL_CERT_FILE", pem_.c_str(), 1);
  HttpClient client;
  for (const char* host : {"localhost", "localhost"}) {
    const auto response = Fetch(client, host);
    ASSERT_TRUE(response.ok()) << response.status().ToString();
    EXPECT_EQ(response->body.size(), 100000u);
  }
  EXPECT_EQ(num_handshakes_, 1);
}

TEST_F(TlsTest, AnAddressInTheCertificateIsAccepted) {
  setenv("SSL_CERT_FILE", pem_.c_str(), 1);
  HttpClient client;
  EXPECT_TRUE(Fetch(client, "127.0.0.1").ok());
}

TEST_F(TlsTest, UnknownIssuersAreRefused) {
  HttpClient client;
  const Status status = Fetch(client, "localhost").status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_NE(status.message().find("verify failed"), std::string::npos) << status.message();
}

TEST_F(TlsTest, OtherNamesAreRefused) {
  setenv("SSL_CERT_FILE", pem_.c_str(), 1);
  HttpClient client;
  // Another spelling of the same address that the certificate does not name.
  EXPECT_EQ(Fetch(client, "127.0.0.2").status().code(), Code::kUnavailable);
  EXPECT_EQ(num_handshakes_, 0);
}

TEST_F(TlsTest, PlainTextServersAreNoTlsServers) {
  Router router;
  auto server = HttpServer::Start({}, router);
  ASSERT_TRUE(server.ok());
  HttpClient client;
  ClientRequest request;
  request.url = "https://localhost:" + std::to_string((*server)->port());
  EXPECT_EQ(client.Fetch(request).status().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace redline::net
