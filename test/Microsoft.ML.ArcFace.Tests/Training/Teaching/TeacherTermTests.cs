using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>The teacher's term against plain loops and finite differences, and the projection between sizes.</summary>
[TestClass]
public class TeacherTermTests
{
    private const int Views = 5;
    private const int Photographs = 7;

    [TestMethod]
    [DataRow(6, 6, 20, 0), DataRow(6, 6, 20, 7), DataRow(4, 6, 3, 7), DataRow(9, 6, 3, 7)]
    public void Of_AnySizes_IsThatOfPlainLoops(int teacherSize, int size, double weight, double relationWeight)
    {
        using var scope = NewDisposeScope();
        (Tensor embeddings, Tensor taught, TeacherTerm term) = Example(teacherSize, size, weight, relationWeight);
        (double expected, double distance) = Naive(Rows(embeddings), Rows(term.Project(taught)), Rows(term.Project(Anchors(teacherSize))), weight, relationWeight);
        (Tensor actual, Tensor reported) = term.Of(embeddings, taught);
        Assert.AreEqual(expected, actual.item<float>(), 1e-5 * expected);
        Assert.AreEqual(distance, reported.item<float>(), 1e-5);
    }

    [TestMethod]
    public void Of_Gradient_AgreesWithFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        (Tensor embeddings, Tensor taught, TeacherTerm term) = Example(teacherSize: 4, size: 6, weight: 3, relationWeight: 7);
        embeddings.requires_grad_();
        term.Of(embeddings, taught).Term.backward();
        double[][] rows = Rows(embeddings.detach()), targets = Rows(term.Project(taught)), anchors = Rows(term.Project(Anchors(4)));
        float[] gradient = [.. embeddings.grad!.data<float>()];
        for (int i = 0; i < gradient.Length; i++)
        {
            double Moved(double way)
            {
                double[][] moved = [.. rows.Select(row => row.ToArray())];
                moved[i / 6][i % 6] += way;
                return Naive(moved, targets, anchors, 3, 7).Term;
            }

            Assert.AreEqual((Moved(1e-5) - Moved(-1e-5)) / 2e-5, gradient[i], 1e-3, $"{i}");
        }
    }

    [TestMethod]
    [DataRow(1, 1), DataRow(4096, 4096), DataRow(4097, 2049), DataRow(8192, 4096), DataRow(8193, 2731)]
    public void AnchorsOf_Photographs_AreAtMost4096EvenlySpread(int photographs, int expected) => Assert.AreEqual(expected, TaughtPeople.AnchorsOf(photographs));

    [TestMethod]
    public void Of_TheTeachersOwnEmbeddings_IsNothing()
    {
        using var scope = NewDisposeScope();
        (_, Tensor taught, TeacherTerm term) = Example(teacherSize: 4, size: 6, weight: 3, relationWeight: 7);
        Assert.AreEqual(0, term.Of(term.Project(taught), taught).Term.item<float>(), 1e-5);
    }

    [TestMethod]
    public void Project_ToMoreNumbers_KeepsAllCosines()
    {
        using var scope = NewDisposeScope();
        (_, Tensor taught, TeacherTerm term) = Example(teacherSize: 4, size: 9, weight: 1, relationWeight: 0);
        double[][] before = Rows(taught), after = Rows(term.Project(taught));
        for (int i = 0; i < Views; i++)
        {
            for (int j = 0; j < Views; j++)
            {
                Assert.AreEqual(Cosine(before[i], before[j]), Cosine(after[i], after[j]), 1e-5);
            }
        }
    }

    [TestMethod]
    public void Project_ToFewerNumbers_KeepsWhatTheEmbeddingsDifferIn()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);

        // They lie in a plane of six dimensions: two numbers hold all of it, and any two at random would not.
        Tensor plane = randn(2, 6), taught = nn.functional.normalize(randn(Views, 2).matmul(plane), p: 2, dim: 1);
        var term = new TeacherTerm(new FaceTeacher("teacher.onnx"), teacherSize: 6, embeddingSize: 2, photographs: Views, CPU);
        term.Begin(new TaughtPeople(Means: taught, Moments(taught), Anchors: taught));
        double[][] before = Rows(taught), after = Rows(term.Project(taught));
        Assert.AreEqual(Cosine(before[0], before[1]), Cosine(after[0], after[1]), 1e-5);
        Assert.AreEqual(Cosine(before[2], before[4]), Cosine(after[2], after[4]), 1e-5);
        term.Dispose();
    }

    [TestMethod]
    public void Of_ManyTimes_LeavesTwoTensorsEach()
    {
        using var outer = NewDisposeScope();
        (Tensor embeddings, Tensor taught, TeacherTerm term) = Example(teacherSize: 4, size: 6, weight: 3, relationWeight: 7);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        (Tensor first, Tensor second) = term.Of(embeddings, taught);
        Assert.AreEqual(before + 2, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        first.Dispose();
        second.Dispose();
    }

    private static (Tensor Embeddings, Tensor Taught, TeacherTerm Term) Example(int teacherSize, int size, double weight, double relationWeight)
    {
        manual_seed(3);
        Tensor taught = nn.functional.normalize(randn(Views, teacherSize), p: 2, dim: 1);
        var term = new TeacherTerm(new FaceTeacher("teacher.onnx") { Weight = weight, RelationWeight = relationWeight }, teacherSize, size, Photographs, CPU);
        term.Begin(new TaughtPeople(Means: taught, Moments(taught), Anchors(teacherSize)));
        return (randn(Views, size), taught, term);
    }

    private static Tensor Moments(Tensor taught) => taught.t().matmul(taught).to(ScalarType.Float64);

    /// <summary>Vectors of photographs that relations are over, always the same ones.</summary>
    private static Tensor Anchors(int teacherSize) =>
        nn.functional.normalize(sin(arange(Photographs * teacherSize, dtype: ScalarType.Float32).add(1).pow(2)).view(Photographs, teacherSize), p: 2, dim: 1);

    private static (double Term, double Distance) Naive(double[][] student, double[][] teacher, double[][] anchors, double weight, double relationWeight)
    {
        double[] Relations(double[] embedding)
        {
            double[] shares = [.. anchors.Select(anchor => Math.Exp(16 * Cosine(embedding, anchor)))];
            return [.. shares.Select(share => share / shares.Sum())];
        }

        double distance = 0, divergence = 0;
        for (int i = 0; i < student.Length; i++)
        {
            distance += (1 - Cosine(student[i], teacher[i])) / student.Length;
            divergence += Relations(teacher[i]).Zip(Relations(student[i]), (wanted, given) => wanted * Math.Log(wanted / given)).Sum() / student.Length;
        }

        return ((weight * distance) + (relationWeight * divergence), distance);
    }

    private static double Cosine(double[] first, double[] second) =>
        first.Zip(second, (x, y) => x * y).Sum() / Math.Sqrt(first.Sum(x => x * x) * second.Sum(x => x * x));

    private static double[][] Rows(Tensor tensor) => [.. tensor.to(ScalarType.Float64).contiguous().data<double>().ToArray().Chunk((int)tensor.shape[1])];
}
