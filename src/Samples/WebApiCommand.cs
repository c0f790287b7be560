using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>The command line of <see cref="WebApi"/>.</summary>
internal static class WebApiCommand
{
    private const string Description = """
        Serves face recognition over HTTP, with a calibrated model (see Verify) and a gallery in one file. Examples:
          WebApi --model faces.zip --gallery people.db
          curl -H "Content-Type: image/jpeg" --data-binary @ada.jpg "http://localhost:5080/people/photographs?id=ada&name=Ada"
          curl -H "Content-Type: image/jpeg" --data-binary @ada.jpg "http://localhost:5080/people/photographs?id=ada&source=ada.jpg&replace=true&oneFace=true"
          curl -H "Content-Type: image/jpeg" --data-binary @visitor.jpg http://localhost:5080/identify
          curl http://localhost:5080/people
          curl "http://localhost:5080/people?id=ada"
          curl -X DELETE "http://localhost:5080/people?id=ada"
        An id is any text, percent-encoded (curl -G --data-urlencode "id=a/b"). Bodies need the Content-Type of their picture.
        """;

    public static Command Create()
    {
        var model = new Option<FileInfo>("--model") { Description = "A model that begins with a photograph, such as QuickStart's or PhotoToEmbedding's.", HelpName = "FILE", Required = true };
        var gallery = new Option<FileInfo>("--gallery") { Description = "The people, in one file; it is made if it is not there.", HelpName = "FILE", Required = true };
        var urls = new Option<string>("--urls") { Description = "Where to listen.", HelpName = "URL", DefaultValueFactory = _ => "http://localhost:5080" };
        var hosts = new Option<string[]>("--allowed-hosts") { Description = "Names that clients may call the service by, besides localhost, its addresses and the one in --urls.", HelpName = "HOST", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var cosine = new Option<double?>("--cosine") { Description = "A threshold to go by instead of the model's (-1 to 1).", HelpName = "C" };
        var keyFile = new Option<FileInfo>("--key-file") { Description = "A file of 32 random bytes to encrypt the gallery with.", HelpName = "FILE" };
        var requireAligned = new Option<bool>("--require-aligned") { Description = "Refuse photographs that are no aligned faces of 112×112 pixels, and that no detector of the model aligns." };
        var command = new Command("WebApi", Description) { model, gallery, urls, hosts, cosine, keyFile, requireAligned };
        command.Validators.Add(result =>
        {
            foreach (FileInfo missing in new[] { model, keyFile }.Select(result.GetValue).OfType<FileInfo>().Where(file => !file.Exists))
            {
                result.AddError($"'{missing}' is not a file.");
            }
        });
        command.SetSample((parsed, cancellationToken) => RunAsync(
            new WebApiSettings(parsed.GetRequiredValue(model).FullName, parsed.GetRequiredValue(gallery).FullName)
            {
                Urls = parsed.GetRequiredValue(urls),
                AllowedHosts = parsed.GetRequiredValue(hosts),
                Cosine = parsed.GetValue(cosine),
                RequireAligned = parsed.GetValue(requireAligned),
                EncryptionKey = KeyFile.Read(parsed.GetValue(keyFile)),
            },
            cancellationToken).GetAwaiter().GetResult());
        return command;
    }

    private static async Task RunAsync(WebApiSettings settings, CancellationToken cancellationToken)
    {
        await using WebApplication app = await WebApi.StartAsync(settings, cancellationToken);
        await app.WaitForShutdownAsync(cancellationToken);
    }
}
