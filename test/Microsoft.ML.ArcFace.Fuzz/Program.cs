using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Fuzz;

// Damages files of every kind that is read, and looks that each is read or refused as documented. build/fuzz.sh runs it.
string[] names = [.. FuzzTargets.All.Select(target => target.Name)];
var reader = new Option<string[]>("--reader") { Description = $"Which readers: {string.Join(", ", names)}.", DefaultValueFactory = _ => names, AllowMultipleArgumentsPerToken = true };
reader.AcceptOnlyFromAmong(names);
var count = new Option<int>("--count") { Description = "Damaged files for each reader.", DefaultValueFactory = _ => 20_000 };
var first = new Option<int>("--first") { Description = "Number of the first one: with --count 1 one file is made again.", DefaultValueFactory = _ => 0 };
var seed = new Option<int>("--seed") { Description = "Decides the damages.", DefaultValueFactory = _ => 1 };
var seconds = new Option<int>("--seconds") { Description = "Time for all readers together; each gets an equal share of what is left.", DefaultValueFactory = _ => 170 };
var corpus = new Option<DirectoryInfo>("--corpus") { Description = "Where files that are read wrongly are written.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("artifacts", "fuzz")) };
var replay = new Option<FileInfo?>("--replay") { Description = "Reads this one file instead, by the one reader that is named." };
var write = new Option<FileInfo?>("--write") { Description = "Writes the file of number --first for the one reader that is named, and reads nothing: for files that take the process along." };
var command = new RootCommand("Fuzzing of the readers of Microsoft.ML.ArcFace.") { reader, count, first, seed, seconds, corpus, replay, write };
command.SetAction(parsed =>
{
    FuzzTarget[] targets = [.. FuzzTargets.All.Where(target => parsed.GetValue(reader)!.Contains(target.Name))];
    if (parsed.GetValue(write) is { } made)
    {
        File.WriteAllBytes(made.FullName, FuzzRun.Make(targets[0], parsed.GetValue(seed), parsed.GetValue(first)));
        return 0;
    }

    DirectoryInfo folder = parsed.GetValue(corpus)!;
    folder.Create();
    TimeSpan limit = TimeSpan.FromSeconds(parsed.GetValue(seconds));
    TimeSpan mostForOne = TimeSpan.FromSeconds(60);
    var clock = Stopwatch.StartNew();
    int failures = 0;
    Console.WriteLine($"seed {parsed.GetValue(seed)}, numbers {parsed.GetValue(first)} to {parsed.GetValue(first) + parsed.GetValue(count) - 1}, {limit.TotalSeconds} s; files that fail: {folder.FullName}");
    Console.WriteLine($"{"reader",-15}{"inputs",9}{"accepted",10}{"refused",9}{"seconds",9}{"slowest ms",12}{"most KiB",10}{"attacks KiB",13}{"of allowance",14}");
    for (int i = 0; i < targets.Length; i++)
    {
        TimeSpan share = (limit - clock.Elapsed) / (targets.Length - i);

        // If the process dies, the file's number is left here.
        string marker = Path.Combine(folder.FullName, $"{targets[i].Name}.current");
        FuzzReport report;
        using (FileStream current = File.Create(marker))
        {
            report = parsed.GetValue(replay) is { } file
                ? FuzzRun.Replay(targets[i], file.Name, File.ReadAllBytes(file.FullName), mostForOne)
                : FuzzRun.Run(targets[i], parsed.GetValue(seed), parsed.GetValue(first), parsed.GetValue(count), share, mostForOne, number => Note(current, number));
        }

        File.Delete(marker);
        Print(report);
        foreach (FuzzFailure failure in report.Failures)
        {
            failures++;
            string path = Path.Combine(folder.FullName, $"{report.Reader}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(failure.File))[..12]}");
            File.WriteAllBytes(path, failure.File);
            Console.WriteLine($"FAILED: {report.Reader}, {failure.What} ({path}): {failure.Problem}");
        }
    }

    Console.WriteLine($"The process took {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB at most, native memory included.");
    Console.WriteLine(failures == 0 ? "Every file was read or refused as documented." : $"{failures} files were not.");
    return failures == 0 ? 0 : 1;
});
return command.Parse(args).Invoke();

static void Note(FileStream current, int number)
{
    current.Position = 0;
    current.Write(System.Text.Encoding.ASCII.GetBytes(number.ToString("d10", CultureInfo.InvariantCulture)));
    current.Flush();
}

static void Print(FuzzReport report) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{report.Reader,-15}{report.Inputs,9}{report.Accepted,10}{report.Refused,9}{report.Time.TotalSeconds,9:0.0}{report.Slowest.TotalMilliseconds,12:0}{report.MutationBytes >> 10,10}{report.AttackBytes >> 10,13}{report.GreatestShare,14:0.00}"));
