using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.ML.ArcFace.Samples.Support;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>
/// Serves face recognition over HTTP from a program of your own: enroll, list, identify, verify, erase. Whoever reaches this
/// service may use it: before it leaves your machine, add authentication (RequireAuthorization) and HTTPS.
/// </summary>
internal static class WebApi
{
    private const string Description = """
        Serves face recognition over HTTP, with a calibrated model (see Verify) and a gallery in one file. Examples:
          WebApi --model faces.zip --gallery people.db
          curl -H "Content-Type: image/jpeg" --data-binary @ada.jpg "http://localhost:5080/v1/people/ada/photographs?name=Ada"
          curl -H "Content-Type: image/jpeg" --data-binary @visitor.jpg http://localhost:5080/v1/identify
          curl http://localhost:5080/v1/people
          curl -X DELETE http://localhost:5080/v1/people/ada
        """;

    public static Command CreateCommand()
    {
        var model = new Option<string>("--model") { Description = "A model that begins with a photograph, such as QuickStart's or PhotoToEmbedding's.", HelpName = "FILE", Required = true };
        var gallery = new Option<string>("--gallery") { Description = "The people, in one file; it is made if it is not there.", HelpName = "FILE", Required = true };
        var urls = new Option<string>("--urls") { Description = "Where to listen.", HelpName = "URL", DefaultValueFactory = _ => "http://localhost:5080" };
        var command = new Command("WebApi", Description) { model, gallery, urls };
        command.SetSample((parsed, cancellationToken) => RunAsync(
            new FaceServiceOptions(parsed.GetRequiredValue(model)) { GalleryPath = parsed.GetRequiredValue(gallery) }, parsed.GetRequiredValue(urls), cancellationToken).GetAwaiter().GetResult());
        return command;
    }

    /// <summary>Loads the model, opens the gallery, listens until the token stops it.</summary>
    public static async Task RunAsync(FaceServiceOptions options, string urls, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Services.AddFaceRecognition(options);
        await using WebApplication app = builder.Build();
        app.Urls.Add(urls);
        app.MapFaceRecognition();
        await app.StartAsync(cancellationToken);
        await app.WaitForShutdownAsync(cancellationToken);
    }
}
