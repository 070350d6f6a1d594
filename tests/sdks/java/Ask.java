import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;

/** Asks the session of its environment one query with Java's own client, and prints the answer. */
public class Ask {
  public static void main(String[] args) throws Exception {
    String token = System.getenv("DAGGER_SESSION_TOKEN") + ":";
    String url = "http://127.0.0.1:" + System.getenv("DAGGER_SESSION_PORT") + "/query";
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(token.getBytes()))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(args[0]))
            .build();
    // As it is by default, this client offers to go on in HTTP/2.
    HttpResponse<String> answer =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(answer.statusCode());
    System.out.println(answer.headers().firstValue("content-type").orElse(""));
    System.out.println(answer.body());
  }
}
