using System.CommandLine;
using System.Globalization;
using Microsoft.ML.ArcFace.Grouping;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Terminal;
using Microsoft.ML.ArcFace.Tool.Grouping;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface group: photographs of nobody known, sorted into people.</summary>
internal static class GroupCommand
{
    private const string Description = """
        Sorts photographs of nobody known into people, by the threshold of the model. Photographs stay where they are. Examples:
          arcface group --model faces.zip photographs/ --skip-unusable
          arcface group --model faces.zip photographs/ --output sorted --links
          arcface group --model faces.zip photographs/ --output people --least 3 --main-face --json
        """;

    private static readonly Option<FileInfo> Model = FileOptions.Model();
    private static readonly Argument<FileSystemInfo[]> Photographs = FileOptions.Photographs("Photographs, or folders of them.");
    private static readonly Option<DirectoryInfo> Output = new("--output") { Description = "A folder that is not there yet: gets a folder a person, as arcface train --data takes it. Default: nothing is written.", HelpName = "DIR" };
    private static readonly Option<bool> Links = new("--links") { Description = "Put symbolic links into --output instead of copies." };
    private static readonly Option<int?> Least = NumberOption.Whole("--least", "Faces that a person needs for a folder in --output. Default 1", 1, 1_000_000, example: 2);
    private static readonly Option<double?> Cosine = NumberOption.Real("--cosine", "The threshold of two single faces. Default: the lowest that keeps --false-share, by the calibration of the model", "-1 to 1", value => value is >= -1 and <= 1, 0.4);
    private static readonly Option<bool> MainFace = new("--main-face") { Description = "Sort the main face of each photograph alone, the one that a training on --output takes. Default: all faces." };
    private static readonly Option<double?> FalseShare = NumberOption.Real("--false-share", "Of the pairs that are joined, the share at most that may show different people. Default 0.02", "over 0, below 1", value => value is > 0 and < 1, 0.01);
    private static readonly Option<bool> SkipUnusable = new("--skip-unusable") { Description = "Leave out photographs that cannot be read, and count them, instead of ending with an error. Those without a face are listed in any case." };

    public static Command Create()
    {
        var command = new Command("group", Description) { Model, Photographs, Output, Links, Least, MainFace, FalseShare, Cosine, SkipUnusable, AlignedPhotographs.Required, ToolCommand.Gpu, ToolCommand.Threads };
        command.Answer(Run, Check, stopped: "Nothing was written, and the photographs are where they were.");
        return command;
    }

    private static IReadOnlyList<string> Check(ToolRun run) =>
    [
        .. new[] { (Links.Name, run.Get(Links)), (Least.Name, run.Get(Least) is not null) }
            .Where(option => option.Item2 && run.Get(Output) is null).Select(option => $"{option.Item1} says how --output is written; give --output DIR, or leave {option.Item1} out."),
        .. run.Get(Cosine) is not null && run.Get(FalseShare) is not null ? [$"{FalseShare.Name} finds the threshold, which {Cosine.Name} gives; leave one of them out."] : Array.Empty<string>(),
    ];

    private static ToolAnswer Run(ToolRun run)
    {
        string? output = run.Get(Output)?.FullName;
        if (output is not null)
        {
            PeopleFolders.Check(output, run.Need(Photographs));
        }

        string[] files = EmbeddedPhotographs.Need(FileOptions.Files(run, run.Need(Photographs), run.Get(SkipUnusable)), run.Need(Photographs));
        using FaceEmbedder embedder = EmbedderFile.OpenCalibrated(run, Model, run.Get(Cosine));
        var faces = new List<FaceToGroup>();
        var boxes = new List<FaceBox?>();
        string[] leftOut = EmbeddedPhotographs.ForEachFace(
            run, embedder, files, run.Get(SkipUnusable), run.Get(MainFace),
            (path, face) =>
            {
                faces.Add(new FaceToGroup(path, face.Embedding.Vector));
                boxes.Add(face.Box);
            },
            out string[] withoutFace);
        var observer = new WorkObserver(log: null, run.Display.Show, run.CancellationToken, run.Clock);
        PersonGroups groups = run.Get(Cosine) is { } cosine ? PersonGrouping.Group(faces, cosine, observer) : PersonGrouping.Group(faces, embedder.Threshold!, run.Get(FalseShare) ?? PersonGrouping.UsualFalseShare, observer);
        GroupFacts.Person[] people = [.. groups.Groups.Select((group, index) => GroupFacts.Person.Of(group, index, groups.Groups.Count, boxes))];
        if (output is not null)
        {
            int least = run.Get(Least) ?? 1;
            PeopleFolders.Write(run, output, [.. people.Where(person => person.Faces.Length >= least).Select(person => (person.Name, (IReadOnlyList<string>)[.. person.Faces.Select(face => face.Path)]))], run.Get(Links));
        }

        return new ToolAnswer(
            new GroupFacts(output, people, withoutFace, leftOut, run.LeftOut, embedder.UnalignedImageCount, groups.Cosine, embedder.Fingerprint),
            Text(people, withoutFace, leftOut, groups.Cosine, output));
    }

    private static string Text(GroupFacts.Person[] people, string[] withoutFace, string[] leftOut, double cosine, string? output)
    {
        var lines = new List<string>();
        lines.AddRange(people.Where(person => person.Faces.Length > 1).Select(person => $"{person.Name}  {person.Faces.Length} faces  {string.Join(", ", person.Faces.Select(face => TerminalText.OfLine(face.Path)))}"));
        lines.AddRange(people.Where(person => person.Faces.Length == 1).Select(person => $"{person.Name}  alone    {TerminalText.OfLine(person.Faces[0].Path)}"));
        lines.AddRange(withoutFace.Select(path => $"no face      {TerminalText.OfLine(path)}"));
        int several = people.Count(person => person.Faces.Length > 1);
        lines.Add(string.Create(CultureInfo.InvariantCulture,
            $"{Counted.Of(people.Sum(person => person.Faces.Length), "face")}: {Counted.People(several)} on several photographs, {Counted.Of(people.Length - several, "face")} alone; {Counted.Of(withoutFace.Length, "photograph")} without a face{(leftOut.Length == 0 ? "" : $", {leftOut.Length} left out")}. Two faces were joined at a cosine over {cosine:0.0000}."));
        if (output is not null)
        {
            lines.Add($"Wrote {TerminalText.OfLine(output)}");
        }

        return string.Join(Environment.NewLine, lines);
    }
}

/// <summary>Tells which faces were taken for one person's.</summary>
internal sealed record GroupFacts(
    string? Output, GroupFacts.Person[] People, string[] WithoutFace, string[] Unusable, IReadOnlyList<LeftOutFiles> LeftOut, long NotAligned, double Threshold, string Fingerprint) : ToolFacts
{
    /// <summary>Holds the faces of a person, the most typical first.</summary>
    internal sealed record Person(string Name, Face[] Faces)
    {
        public static Person Of(PersonGroup group, int index, int count, IReadOnlyList<FaceBox?> boxes) => new(
            "person-" + (index + 1).ToString(CultureInfo.InvariantCulture).PadLeft(Math.Max(4, count.ToString(CultureInfo.InvariantCulture).Length), '0'),
            [.. group.Faces.Select(face => new Face(face.Photograph, face.Cosine, FacePlace.Of(boxes[face.Index])))]);
    }

    /// <summary>Names a face by its photograph; the cosine is the mean to the person's other faces, null where it is alone, and the box null where nobody looked for faces.</summary>
    internal sealed record Face(string Path, double? Cosine, FacePlace? Box);
}
