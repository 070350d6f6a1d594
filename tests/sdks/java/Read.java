import io.smallrye.graphql.client.GraphQLError;
import io.smallrye.graphql.client.Response;
import io.smallrye.graphql.client.vertx.dynamic.VertxDynamicGraphQLClientBuilder;
import io.vertx.core.Vertx;
import jakarta.json.Json;
import jakarta.json.JsonObjectBuilder;
import java.util.Base64;

/**
 * Asks the session of its environment as Java's SDK does, a query an argument, and prints what is read
 * of each answer, a line of JSON each.
 */
public class Read {
  public static void main(String[] queries) throws Exception {
    String token = System.getenv("DAGGER_SESSION_TOKEN") + ":";
    String url = "http://127.0.0.1:" + System.getenv("DAGGER_SESSION_PORT") + "/query";
    Vertx vertx = Vertx.vertx();
    try (var client =
        new VertxDynamicGraphQLClientBuilder()
            .vertx(vertx)
            .url(url)
            .header(
                "authorization", "Basic " + Base64.getEncoder().encodeToString(token.getBytes()))
            .build()) {
      for (String query : queries) {
        System.out.println(read(client.executeSync(query)));
      }
    }
    vertx.close();
  }

  private static String read(Response response) {
    JsonObjectBuilder line = Json.createObjectBuilder();
    if (!response.hasError()) return line.add("data", response.getData()).build().toString();
    GraphQLError error = response.getErrors().get(0);
    JsonObjectBuilder extensions = Json.createObjectBuilder();
    error.getExtensions().forEach((name, value) -> extensions.add(name, value.toString()));
    return line.add("message", error.getMessage()).add("extensions", extensions).build().toString();
  }
}
