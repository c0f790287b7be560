using System.CommandLine;
using Microsoft.ML.ArcFace.Samples.Support;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Samples;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>The command line of <see cref="Identify"/>.</summary>
internal static class IdentifyCommand
{
    private const string Description = """
        Enrolls people in a gallery and says who is on photographs, or that nobody of the gallery is. Examples:
          Identify --model quickstart.zip --people faces/people --photographs a.jpg b.jpg --threshold 0.4
          Identify --model quickstart.zip --people faces/people --gallery people.gallery --calibrate faces/others --photographs faces/visitors
          Identify --model quickstart.zip --gallery people.gallery --photographs a.jpg
        """;

    public static Command Create()
    {
        var model = new Option<FileInfo>("--model") { Description = "A model such as QuickStart's.", HelpName = "FILE", Required = true };
        var people = new Option<DirectoryInfo?>("--people") { Description = "People to enroll, one folder of aligned photographs a person.", HelpName = "DIR" };
        var gallery = new Option<FileInfo?>("--gallery") { Description = "The file that keeps the gallery; without it it is kept in memory.", HelpName = "FILE" };
        var photographs = new Option<string[]>("--photographs") { Description = "Photographs to identify, or folders of them.", HelpName = "PATH", Required = true, AllowMultipleArgumentsPerToken = true };
        var calibrate = new Option<DirectoryInfo?>("--calibrate") { Description = "Other people, one folder a person, to calibrate the threshold on; without it the model's threshold counts.", HelpName = "DIR" };
        var rate = new Option<double>("--false-match-rate") { Description = "How often a stranger may be taken for somebody, with --calibrate (over 0, below 1).", HelpName = "X", DefaultValueFactory = _ => 0.01 };
        var threshold = new Option<double?>("--threshold") { Description = "Instead of a calibrated threshold: the cosine that must be exceeded (-1 to 1).", HelpName = "X" };
        var command = new Command("Identify", Description) { model, people, gallery, photographs, calibrate, rate, threshold };
        command.Validators.Add(result =>
        {
            if (result.GetValue(people) is null && result.GetValue(gallery) is not { Exists: true })
            {
                result.AddError("Nobody can be found: give --people, a folder of people to enroll, or --gallery, a file that has some.");
            }

            foreach (string path in (result.GetValue(photographs) ?? []).Where(path => !Path.Exists(path)))
            {
                result.AddError($"--photographs names '{path}', which is not there.");
            }
        });
        command.SetSample((parsed, _) => Identify.Run(new IdentifySettings
        {
            Model = parsed.GetRequiredValue(model).FullName,
            People = parsed.GetValue(people)?.FullName,
            Gallery = parsed.GetValue(gallery)?.FullName,
            Photographs = [.. parsed.GetRequiredValue(photographs).SelectMany(PhotographsOf)],
            Calibrate = parsed.GetValue(calibrate)?.FullName,
            FalseMatchRate = parsed.GetValue(rate),
            Threshold = parsed.GetValue(threshold),
        }));
        return command;
    }

    private static IReadOnlyList<string> PhotographsOf(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        var ml = new MLContext();
        using var log = new LogPrinter(ml, verbose: false);
        return ml.FaceRecognition().FindPhotographs(path, UnreadableImages.Error, out _);
    }
}
