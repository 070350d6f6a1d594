import { expect, test } from "vitest";
import { sharedName } from "./shared-upstreams.js";

test.each([
  "registry:docker.io",
  "registry:ghcr.io:8443",
  "git:github.com",
  "http:files.example.com",
  "http:8.8.8.8",
  "http:100.128.0.1",
  "http:172.32.0.1",
  "http:[2606:4700::1111]",
  "http:[2606:4700::1111]:8443",
  "http:nolocal.org",
])("shares %s under its name, because it is the same host for all", (name) => {
  expect(sharedName(name, undefined)).toBe(name);
});

test.each([
  "registry:localhost",
  "registry:localhost:5000",
  "registry:registry:5000",
  "registry:registry",
  "git:git.local",
  "http:host.docker.internal",
  "http:app.svc.cluster.local:80",
  "http:printer.lan",
  "http:box.home.arpa",
  "http:127.0.0.1:8080",
  "http:10.1.2.3",
  "http:172.16.0.1",
  "http:172.31.255.255",
  "http:192.168.1.1",
  "http:169.254.169.254",
  "http:100.64.0.1",
  "http:0.0.0.0",
  "http:[::1]",
  "http:[::1]:8080",
  "http:[::ffff:10.0.0.1]",
  "http:[fe80::1]",
  "http:[fd00::1]",
])("never shares %s, which may be another machine elsewhere", (name) => {
  expect(sharedName(name, undefined)).toBeUndefined();
});

test("shares an engine reached over TCP under its address", () => {
  expect(sharedName("engine", "tcp://engine.example.com:1234")).toBe(
    "engine:engine.example.com:1234",
  );
  expect(sharedName("engine", "tcp://10.0.0.7:8080")).toBe("engine:10.0.0.7:8080");
  expect(sharedName("engine", "tcp://[FD00::7]:8080")).toBe("engine:[fd00::7]:8080");
  expect(sharedName("engine", "tcp://dagger.tools.svc.cluster.local:8080")).toBe(
    "engine:dagger.tools.svc.cluster.local:8080",
  );
});

test.each([
  undefined,
  "",
  "unix:///run/dagger.sock",
  "docker-container://dagger-engine",
  "kube-pod://dagger-engine?namespace=dagger",
  "tcp://localhost:8080",
  "tcp://127.0.0.1:8080",
  "tcp://[::1]:8080",
  "tcp://engine:8080",
  "tcp://engine.example.com",
  "tcp://user:secret@engine.example.com:8080",
])("does not share an engine at %s, which is local or unknown", (engineHost) => {
  expect(sharedName("engine", engineHost)).toBeUndefined();
});
