using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Benchmarks.Grouping;

/// <summary>The time and memory of sorting many faces: drawn vectors, ten of a person.</summary>
internal static class GroupingScale
{
    private const int FacesOfPerson = 10;

    /// <summary>Prints a line for a quarter, a half and all of the faces.</summary>
    public static void Run(int count, int size, int threads)
    {
        using IDisposable? chosen = Runtime.ProcessorThreads.Choose(threads);
        foreach (int faces in new[] { count / 4, count / 2, count })
        {
            FaceToGroup[] drawn = Draw(faces, size);
            GC.Collect();
            long before = Environment.WorkingSet;
            TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
            long peak = before;
            PersonGroups groups = FaceGrouping.GroupByPerson(drawn, 0.4, _ => peak = Math.Max(peak, Environment.WorkingSet), CancellationToken.None);
            processor = Process.GetCurrentProcess().TotalProcessorTime - processor;
            GroupingMetrics metrics = FaceEvaluation.EvaluateGrouping([.. Enumerable.Range(0, faces).Select(face => $"{face % (faces / FacesOfPerson)}")], groups.GroupOfFace);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{faces:N0} faces of {size} numbers: {processor.TotalSeconds:0.0} s of processor time, {(peak - before) >> 20} MiB beside the {(long)faces * size * sizeof(float) >> 20} MiB of vectors; pair F {metrics.PairF:P2}, {metrics.GroupCount:N0} groups of {metrics.PersonCount:N0} people"));
        }
    }

    private static FaceToGroup[] Draw(int count, int size)
    {
        int people = count / FacesOfPerson;
        return [.. Enumerable.Range(0, count).Select(face => new FaceToGroup($"{face}", Vector(face % people, face)))];

        float[] Vector(int person, int face)
        {
            Random own = new(person), other = new(face + count);
            return [.. Enumerable.Range(0, size).Select(_ => Normal(own) + (0.8f * Normal(other)))];
        }

        static float Normal(Random random) => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
    }
}
