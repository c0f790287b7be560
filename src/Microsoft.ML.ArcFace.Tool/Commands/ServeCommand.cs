using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.ML.ArcFace.Service;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface serve: face recognition over HTTP.</summary>
internal static class ServeCommand
{
    private const string Description = """
        Serves face recognition over HTTP until Ctrl+C: enroll, list, identify, verify, erase. Examples:
          arcface serve --model faces.zip --gallery people.db
          arcface serve --model faces.zip --gallery people.db --keys keys.json --urls http://0.0.0.0:8080 --allowed-hosts faces.example
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Option<FileInfo> Gallery = FileOptions.Gallery();
    private static readonly Option<FileInfo> KeyFile = FileOptions.KeyFile();
    private static readonly Option<double?> Cosine = NumberOption.Real("--cosine", "The threshold. Default: the model's, for a gallery of this size", "-1 to 1", value => value is >= -1 and <= 1, 0.4);
    private static readonly Option<string> Urls = new("--urls") { Description = "Where to listen; several are separated by semicolons.", HelpName = "URL", DefaultValueFactory = _ => "http://localhost:5080" };
    private static readonly Option<string[]> AllowedHosts = new("--allowed-hosts") { Description = "Names that clients may call the service by, besides localhost, its addresses and those of --urls.", HelpName = "HOST", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
    private static readonly Option<FileInfo> Keys = FileOptions.Existing(new Option<FileInfo>("--keys") { Description = "The file of keys that clients need (arcface keys makes it). Default: none, and the service listens on this machine alone.", HelpName = "FILE" });
    private static readonly Option<int?> RequestsPerMinute = NumberOption.Whole("--requests-per-minute", "Requests of one key, or without keys of one address, in a minute; further ones are told to wait. Default: as many as come", 1, 1_000_000, example: 600);
    private static readonly Option<int?> RequestTimeout = NumberOption.Whole("--request-timeout", "Seconds within which a request with photographs is answered; otherwise it is told to come back. Default: 30", 1, 3600, example: 60);

    public static Command Create()
    {
        var command = new Command("serve", Description) { Model, Gallery, KeyFile, Cosine, Urls, AllowedHosts, Keys, RequestsPerMinute, RequestTimeout, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Answer(run => RunAsync(run).GetAwaiter().GetResult(), run => Options(run, encryptionKey: null).Violations(), isService: true);
        return command;
    }

    private static async Task<ToolAnswer> RunAsync(ToolRun run)
    {
        string model = run.Need(Model).ToString();
        FaceServerOptions options = Options(run, Terminal.KeyFile.Read(run.Get(KeyFile)));
        await using WebApplication app = await StartAsync(run, options);
        foreach (string url in app.Urls)
        {
            run.Say($"Listening on {url}");
        }

        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (run.CancellationToken.Register(stopping.SetResult))
        {
            await stopping.Task;
        }

        await app.StopAsync(CancellationToken.None);
        return new ToolAnswer(new ServeFacts(model, run.Need(Gallery).FullName), "Stopped; requests under way were answered.");
    }

    /// <summary>Starts the server; a gallery that was made for it is told, also where the start fails afterwards.</summary>
    private static async Task<WebApplication> StartAsync(ToolRun run, FaceServerOptions options)
    {
        string gallery = run.Need(Gallery).FullName;
        bool isNew = !File.Exists(gallery);
        try
        {
            return await FaceServer.StartAsync(options, Log, run.CancellationToken);
        }
        finally
        {
            if (isNew && File.Exists(gallery))
            {
                run.Say($"There was no gallery '{gallery}'; a new, empty one was made.");
            }
        }
    }

    private static FaceServerOptions Options(ToolRun run, byte[]? encryptionKey) => new(
        new FaceServiceOptions(run.Need(Model).FullName)
        {
            GalleryPath = run.Need(Gallery).FullName,
            Gallery = new FaceGalleryOptions { CosineThreshold = run.Get(Cosine), EncryptionKey = encryptionKey },
            Embedder = new FaceEmbedder.Options
            {
                Cosine = run.Get(Cosine), RequireAligned = run.Get(AlignedPhotographs.Required), GpuDeviceId = run.Get(ToolCommand.Gpu), TemporaryFolder = run.Get(ToolCommand.TemporaryFolder)?.FullName,
            },
            KeysPath = run.Get(Keys)?.FullName,
            RequestsPerMinute = run.Get(RequestsPerMinute),
            RequestTimeout = TimeSpan.FromSeconds(run.Get(RequestTimeout) ?? 30),
        })
    {
        Urls = run.Need(Urls),
        AllowedHosts = run.Need(AllowedHosts),
    };

    /// <summary>Standard output is for the answer. What ASP.NET says of each request has ids in it, so that it is left out.</summary>
    private static void Log(ILoggingBuilder logging) => logging
        .SetMinimumLevel(LogLevel.Warning)
        .AddSimpleConsole(format => (format.SingleLine, format.ColorBehavior) = (true, LoggerColorBehavior.Disabled))
        .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
}

/// <summary>Tells what was served.</summary>
internal sealed record ServeFacts(string Model, string Gallery) : ToolFacts;
