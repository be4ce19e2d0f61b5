// A target on node's own http2, in clear text: prints its port, hangs at /hang, sends 5 MB at /large, and
// otherwise tells how long the body was that it got.
import http2 from "node:http2";

const server = http2.createServer();
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  const path = headers[":path"];
  if (path === "/hang") {
    process.stdout.write("hanging\n");
    return;
  }
  let size = 0;
  stream.on("data", (piece) => (size += piece.length));
  stream.on("end", () => {
    stream.respond({ ":status": 200, "x-path": path }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-size": String(size) }));
    stream.end(path === "/large" ? Buffer.alloc(5_000_000) : String(size));
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
