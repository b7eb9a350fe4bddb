import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Posts bodies of many sizes with the client of the standard library, as it is set up by default. */
public class Lossless {
    public static void main(String[] args) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int size : new int[] {0, 1, 100, 16_384, 70_000, 300_000}) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(args[0]))
                            .POST(HttpRequest.BodyPublishers.ofString("x".repeat(size)))
                            .build();
            HttpResponse<String> answer =
                    client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.body().length());
        }
    }
}
